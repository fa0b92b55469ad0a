"""What `preview` and `generate` say of the templates that they draw."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from synthda.cli.listing import say, shortened, warn

if TYPE_CHECKING:
    from synthda.synth.renderer import Renderer

MOST = 100
"""Names of classes in a line: all of them, of any shop that is looked through by eye."""


def say_templates(renderer: Renderer) -> None:
    """Folders that are no class, and, where the renderer tells them apart, which classes are packs and which loose."""
    folder = getattr(renderer, "templates", "")
    if folder:
        warn_empty(Path(folder))
    taken = getattr(renderer, "taken_for", {})
    if not taken:
        return
    say(f"Packs, on shelves and in hands: {shortened(taken['packs'], MOST) or 'none'}.")
    say(f"Loose, in heaps and in hands:   {shortened(taken['loose'], MOST) or 'none'}.")
    say("Is a class among the wrong ones? Name it: --set packs=NAME,NAME or --set loose=NAME,NAME.")


def warn_empty(folder: Path) -> None:
    """A line of the sub-folders that look like a class's and hold no picture."""
    from synthda.synth.templates import empty_folders

    empty = [path.name for path in empty_folders(folder)]
    if empty:
        held, classes = ("holds", "is no class") if len(empty) == 1 else ("hold", "are no classes")
        warn(f"{', '.join(empty)} in {folder} {held} no picture, and {classes} of the domain.")
