"""Renderings that a command makes for itself: SynNumbers for those who name no source."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from synthda.cli.listing import say
from synthda.synth.renderer import Renderer

CACHED_COUNT = 20_000


def default_source() -> str:
    """SynNumbers, rendered once into the user's cache, for those who name no source."""
    from platformdirs import user_cache_path

    from synthda.synth.syn_numbers import SynNumbers

    say("No --source: SynNumbers is rendered, so the classes will be 0…9; for your own classes give --source FOLDER,")
    say("with one sub-folder of images per class.")
    renderer = SynNumbers()
    cache = Path(os.environ.get("SYNTHDA_CACHE") or user_cache_path("synthda"))
    folder = cache / f"syn-numbers-{_inputs_key(renderer.inputs)}"
    return str(render_once(renderer, "syn-numbers", folder, CACHED_COUNT))


def render_once(renderer: Renderer, name: str, out: Path, count: int, *, seed: int = 0, force: bool = False) -> Path:
    """Render a domain with a progress bar, on all cores, unless it is there; returns its folder."""
    from synthda.cli.progress import progress_bar
    from synthda.synth.generate import generate

    workers = os.cpu_count() or 1
    with progress_bar(f"Rendering {name}", count) as progress:
        generate(renderer, out, name=name, count=count, seed=seed, workers=workers, force=force, progress=progress)
    return out


def _inputs_key(inputs: Any) -> str:
    """Other fonts or another version make other images: those get a folder of their own."""
    from synthda import __version__
    from synthda.manifest import fingerprint

    return fingerprint({"inputs": dict(inputs), "version": __version__})[:12]
