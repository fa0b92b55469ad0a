"""Renderers with factors switched off, from bench/ablation.toml: one group of factors, or all but the paper's."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ABLATION = Path(__file__).with_name("ablation.toml")


def with_ablations(protocol: dict[str, Any]) -> dict[str, Any]:
    """The protocol with the pairs of each table that `ablates` one: all factors, then each group of them switched off.

    Args:
        protocol: as read from protocol.toml; a table with `ablates = PAIR` names no pairs of its own.
    """
    for table in protocol["tables"].values():
        if "ablates" not in table:
            continue
        whole = table["ablates"]
        pair = protocol["pairs"][whole]
        source = pair["source"].partition("/")[2]
        recipe = protocol["rendered"][source]
        table["pairs"] = [whole]
        for group in _read(recipe["renderer"])["groups"]:
            name = f"{source}-without-{group}"
            protocol["rendered"][name] = recipe | {"restriction": group}
            title = f"without {group.replace('-', ' ')}"
            protocol["pairs"][f"{whole}-without-{group}"] = pair | {"title": title, "source": f"rendered/{name}"}
            table["pairs"].append(f"{whole}-without-{group}")
    return protocol


def _read(renderer: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(ABLATION.read_text(encoding="utf-8"))[renderer]
    return found


def restriction(renderer: str, name: str) -> dict[str, str]:
    """The settings, as texts, of `paper`, or of a group of factors that is switched off."""
    known = _read(renderer)
    found = known["paper"] if name == "paper" else known["groups"][name]
    return {setting: str(value) for setting, value in found["set"].items()}
