"""A plan from a TOML file; docs/compare.md describes the file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from synthda.adapt.comparison.plan import Entry, Pair, Plan
from synthda.errors import SettingError
from synthda.settings import unknown

KINDS = {str: "text", int: "whole number", float: "fraction", bool: "truth value, true or false"}


def read_plan(path: Path) -> Plan:
    """The plan in a file.

    Raises:
        SettingError: when the file is missing, is not TOML, or holds something that is not understood.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"{path} cannot be read ({error.strerror}); give the TOML file of a comparison.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} is not TOML ({error}); see docs/compare.md for an example.") from error
    try:
        return _plan(told)
    except SettingError as error:
        raise SettingError(f"{path}: {error}") from error


def _plan(told: dict[str, Any]) -> Plan:
    own = {field.name for field in fields(Plan)} - {"entries", "given"}
    _known("entry", told, own | {"methods", "variants", "set"})
    pairs = tuple(_pair(name, entry) for name, entry in _table("pairs", told.get("pairs", {})).items())
    variants = _table("variants", told.get("variants", {}))
    methods = _texts("methods", told.get("methods", list(variants)))
    missing = [name for name in variants if name not in methods]
    if missing:
        raise SettingError(f"[variants.{missing[0]}] is in no table; name it in methods, or remove it.")
    return Plan(
        pairs=pairs,
        entries=tuple(_entry(name, variants.get(name, {})) for name in methods),
        seeds=_seeds(told.get("seeds", list(Plan.seeds))),
        given=_settings("set", told.get("set", {})),
        network=_typed("network", told.get("network", Plan.network), str),
        steps=_typed("steps", told.get("steps"), int),
        size=_typed("size", told.get("size"), int),
        fit=_typed("fit", told.get("fit", Plan.fit), str),
        rules=_texts("rules", told.get("rules", [])),
        candidates=_typed("candidates", told.get("candidates", Plan.candidates), int),
        unknown_below=_typed("unknown_below", told.get("unknown_below"), float),
        calibrates_unknown=_typed("calibrates_unknown", told.get("calibrates_unknown", Plan.calibrates_unknown), bool),
    )


def _pair(name: str, told: Any) -> Pair:
    entry = _table(f"pairs.{name}", told)
    _known(f"entry of pairs.{name}", entry, {field.name for field in fields(Pair)} - {"name"})
    for needed in ("source", "target"):
        if needed not in entry:
            raise SettingError(f"[pairs.{name}] has no {needed}; a pair has a source and a target.")
    sources = entry["source"] if isinstance(entry["source"], list) else [entry["source"]]
    if not sources:
        raise SettingError(f"[pairs.{name}] has an empty list as its source; name one domain or more.")
    others = {key: _typed(key, value, str) for key, value in entry.items() if key != "source"}
    return Pair(name=name, source=_texts("source", sources), **others)


def _entry(name: str, told: Any) -> Entry:
    entry = _table(f"variants.{name}", told)
    _known(f"entry of variants.{name}", entry, {"method", "network", "steps", "set"})
    return Entry(
        name=name,
        method=_typed("method", entry.get("method", name), str),
        network=_typed("network", entry.get("network"), str),
        steps=_typed("steps", entry.get("steps"), int),
        given=_settings(f"variants.{name}.set", entry.get("set", {})),
    )


def _settings(name: str, told: Any) -> dict[str, str]:
    """Values of TOML as the texts that `--set` takes: `true`, not `True`."""
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in _table(name, told).items()
    }


def _seeds(told: Any) -> tuple[int, ...]:
    if isinstance(told, list) and all(type(seed) is int for seed in told):
        return tuple(told)
    raise SettingError(f"seeds={told} is not understood; give a list of whole numbers, for example [0, 1, 2].")


def _texts(name: str, told: Any) -> tuple[str, ...]:
    if isinstance(told, list) and all(isinstance(text, str) for text in told):
        return tuple(told)
    raise SettingError(f"{name}={told} is not understood; give a list of texts.")


def _table(name: str, told: Any) -> dict[str, Any]:
    if isinstance(told, dict):
        return told
    raise SettingError(f"{name}={told} is not understood; [{name}] is a table.")


def _typed(name: str, value: Any, kind: type) -> Any:
    if value is None or type(value) is kind:
        return value
    raise SettingError(f"{name}={value} is not understood; {name} is a {KINDS[kind]}.")


def _known(what: str, told: Mapping[str, Any], accepted: set[str]) -> None:
    for name in told:
        if name not in accepted:
            raise SettingError(unknown(what, name, sorted(accepted)))
