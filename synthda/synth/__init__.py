"""Renderers: classes that draw labelled images of a synthetic domain."""

from __future__ import annotations

import importlib
from typing import Any

from synthda.settings import lookup

RENDERERS: dict[str, str] = {
    "syn-numbers": "synthda.synth.syn_numbers:SynNumbers",
    "mnist-m": "synthda.synth.mnist_m:MnistM",
}
"""By name, where a renderer's class is: import paths, so that listing them loads none."""


def load_renderer(name: str) -> type[Any]:
    """The class of the renderer called `name`.

    Raises:
        SettingError: when there is none; near matches are offered.
    """
    module, _, attribute = lookup("renderer", name, RENDERERS).partition(":")
    found: type[Any] = getattr(importlib.import_module(module), attribute)
    return found
