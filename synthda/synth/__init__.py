"""Renderers: classes that draw labelled images of a synthetic domain."""

from __future__ import annotations

from typing import Any

from synthda.settings import load

RENDERERS: dict[str, str] = {
    "syn-numbers": "synthda.synth.syn_numbers:SynNumbers",
    "syn-signs": "synthda.synth.syn_signs:SynSigns",
    "mnist-m": "synthda.synth.mnist_m:MnistM",
    "products": "synthda.synth.products:Products",
}
"""By name, where a renderer's class is: import paths, so that listing them loads none."""


def load_renderer(name: str) -> type[Any]:
    """The class of the renderer called `name`.

    Raises:
        SettingError: when there is none; near matches are offered.
    """
    found: type[Any] = load("renderer", name, RENDERERS)
    return found
