"""How the verbs print: one console, lists of things with their settings, JSON, warnings."""

from __future__ import annotations

import inspect
import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from synthda.adapt.ranks import is_silent
from synthda.settings import settings_of
from synthda.wording import counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MOST_SKIPPED = 20
"""Files that could not be used, of which each has a line."""
PIPED_WIDTH = 120
"""Characters a line where the output is no terminal and so has no width of its own."""


def console(*, stderr: bool = False) -> Console:
    """The console of all verbs: no markup, since file and class names may hold brackets; NO_COLOR is respected.

    Of several processes that train together, only the first one's prints.
    """
    from synthda.cli.terminal import PlainConsole

    stream = sys.stderr if stderr else sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")  # a Windows pipe may lack a character such as ≥: no reason to fail
    width = None if stream.isatty() else PIPED_WIDTH
    plain: dict[str, Any] = {"markup": False, "highlight": False, "emoji": False, "soft_wrap": False}
    return PlainConsole(stderr=stderr, width=width, quiet=is_silent(), **plain)


def say(line: str = "") -> None:
    """One line on stdout, never broken by us: paths and commands can be copied."""
    console().print(line, soft_wrap=True)


def warn(line: str) -> None:
    """One line on stderr."""
    console(stderr=True).print(line, style="yellow", soft_wrap=True)


def warn_skipped(skipped: Sequence[str], one: str = "file", many: str = "") -> None:
    """The count of files that could not be used, and the first of them."""
    if skipped:
        warn(f"Skipped {counted(len(skipped), one, many)} that could not be used:")
        for line in skipped[:MOST_SKIPPED]:
            warn(f"  {line}")
        if len(skipped) > MOST_SKIPPED:
            warn(f"  … and {len(skipped) - MOST_SKIPPED:,} more")


def shortened(names: Sequence[str], most: int = 12) -> str:
    """The first of the names, and an ellipsis where there are more."""
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")


def print_json(content: Any) -> None:
    """Indented JSON on stdout; what JSON has no number for (NaN, infinity) becomes null."""
    print(json.dumps(_plain(content), indent=1, default=str))


def table(*headings: str, right: Iterable[int] = (), title: str = "") -> Table:
    """A table of text columns without lines, those in `right` aligned to the right."""
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), title=title or None, title_justify="left")
    for place, heading in enumerate(headings):
        grid.add_column(heading, justify="right" if place in right else "left", header_style="bold", overflow="fold")
    return grid


def pairs(content: Mapping[str, object]) -> Table:
    """Two columns: what, and its value."""
    grid = table("", "")
    grid.show_header = False
    grid.columns[0].style = "bold"
    grid.columns[0].no_wrap = True
    for name, value in content.items():
        grid.add_row(name, str(value))
    return grid


def described(name: str, configurable: Callable[..., object]) -> dict[str, Any]:
    """A thing that can be configured: its name, the first line of its docstring, its settings."""
    summary = (inspect.getdoc(configurable) or "").partition("\n")[0]
    settings = [
        {"name": setting.name, "default": setting.default, "accepts": setting.accepts, "help": setting.help}
        for setting in settings_of(configurable).values()
    ]
    return {"name": name, "summary": summary, "settings": settings}


def print_described(things: Iterable[Mapping[str, Any]]) -> None:
    """Each thing's name and line, and below it a table of its settings."""
    from rich.padding import Padding

    printer = console()
    for thing in things:
        printer.print(thing["name"], style="bold cyan")
        for line in (thing["summary"], *thing.get("notes", ())):
            printer.print(Padding(line, (0, 0, 0, 2), expand=False))
        if thing["settings"]:
            grid = table("setting", "default", "accepts", "")
            for setting in thing["settings"]:
                grid.add_row(setting["name"], _shown(setting["default"]), setting["accepts"], setting["help"])
            printer.print(Padding(grid, (0, 0, 0, 4), expand=False))
        printer.print()


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return "none" if default is None or default == "" else str(default)


def _plain(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {str(name): _plain(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
