"""Renderings that a command makes for itself: SynNumbers for those who name no source."""

from __future__ import annotations

import os
from pathlib import Path

from synthda.cli.listing import say
from synthda.synth.renderer import Renderer

CACHED_COUNT = 20_000


def default_source() -> str:
    """SynNumbers, rendered once into the user's cache, for those who name no source."""
    from platformdirs import user_cache_path

    from synthda.synth.generate import plan_of
    from synthda.synth.syn_numbers import SynNumbers

    say("No --source: SynNumbers is rendered, so the classes will be 0…9; for your own classes give --source FOLDER,")
    say("with one sub-folder of images per class.")
    renderer = SynNumbers()
    cache = Path(os.environ.get("SYNTHDA_CACHE") or user_cache_path("synthda"))
    # Other fonts, libraries or another version make other images: those get a folder of their own.
    folder = cache / f"syn-numbers-{plan_of(renderer, 'syn-numbers', CACHED_COUNT, 0)['fingerprint'][:12]}"
    return str(render_once(renderer, "syn-numbers", folder, CACHED_COUNT))


def render_once(renderer: Renderer, name: str, out: Path, count: int, *, seed: int = 0, force: bool = False) -> Path:
    """Render a domain with a progress bar, on all cores, unless it is there; returns its folder.

    Another command that renders it is waited for, so that several at once render it once.
    """
    from synthda.cli.progress import progress_bar
    from synthda.synth.generate import generate

    with progress_bar(f"Rendering {name}", count) as progress:
        generate(
            renderer, out, name=name, count=count, seed=seed, workers=None, force=force, wait=True, progress=progress
        )
    return out
