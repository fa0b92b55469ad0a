"""Renderers with factors switched off, from bench/ablation.toml: one group of factors, or all but the paper's."""

from __future__ import annotations

import tomllib
from pathlib import Path

ABLATION = Path(__file__).with_name("ablation.toml")


def restriction(renderer: str, name: str) -> dict[str, str]:
    """The settings, as texts, of `paper`, or of a group of factors that is switched off."""
    known = tomllib.loads(ABLATION.read_text(encoding="utf-8"))[renderer]
    found = known["paper"] if name == "paper" else known["groups"][name]
    return {setting: str(value) for setting, value in found["set"].items()}
