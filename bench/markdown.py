"""What the pages of figures are made of: a section for a result file, tables, medians with their range."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bench.paths import RESULTS

NOT_MEASURED = "not measured"


def load(name: str) -> dict[str, Any] | None:
    """A result file; None where nothing has been measured."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def section(
    title: str, name: str, lines: Callable[[dict[str, Any]], Iterable[str]], libraries: Sequence[str] = ("torch",)
) -> str:
    """A heading, what `lines` makes of the result file `name`, and the machine that measured it."""
    found = load(name)
    if found is None:
        return f"## {title}\n\n{NOT_MEASURED}\n"
    return "\n".join([f"## {title}", "", *lines(found), "", made(found["machine"], libraries), ""])


def made(machine: dict[str, Any], libraries: Sequence[str] = ("torch",)) -> str:
    """The machine and the commit of a measurement, with the versions of some libraries."""
    versions = ", ".join(f"{library} {machine['versions'][library]}" for library in libraries)
    return (
        f"Measured on {machine['processor']}, {machine['cores']} cores, {machine['device']}; {versions}; commit "
        f"{machine['commit']}."
    )


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table."""
    return [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|", *(f"| {' | '.join(row)} |" for row in rows)]


def spread(found: dict[str, Any] | None, digits: int, unit: str = "") -> str:
    """A median with its range; nothing where there is none."""
    if found is None:
        return ""
    low, high = found["range"]
    return f"{found['median']:,.{digits}f}{unit} ({low:,.{digits}f}…{high:,.{digits}f})"
