"""The tables of what each rule of selection is worth, from bench/results/selection.json."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean
from typing import Any

from bench.markdown import table

COLUMNS = ("checkpoint", "mean accuracy", "against the last, points: mean", "worst", "best")


def selection_tables(found: dict[str, Any], pairs: dict[str, str]) -> list[str]:
    """Lines of Markdown: a table a pair, the rules ranked; then the error of the estimate."""
    lines: list[str] = []
    for pair in dict.fromkeys(cell["pair"] for cell in found["cells"]):
        cells = [cell for cell in found["cells"] if cell["pair"] == pair and cell["failure"] is None]
        if not cells:
            lines += [f"{pairs[pair]}: every run failed.", ""]
            continue
        lines += [f"{pairs[pair]}, {_runs(cells)}, n = {cells[0]['n']:,}:", ""]
        rules = sorted(cells[0]["by_rule"], key=lambda rule: -fmean(cell["by_rule"][rule] for cell in cells))
        last = [cell["accuracy"] for cell in cells]
        rows = [_row("last", last, last)]
        rows += [_row(f"`{rule}`", [cell["by_rule"][rule] for cell in cells], last) for rule in rules]
        rows.append(_row("oracle-selected", [cell["oracle_selected"] for cell in cells], last))
        lines += [*table(COLUMNS, rows), ""]
        errors = [100 * (cell["estimated"] - cell["accuracy"]) for cell in cells if cell["estimated"] is not None]
        if errors:
            lines += [
                f"The accuracy estimated without labels errs by {fmean(map(abs, errors)):.1f} points on average there "
                f"(from {min(errors):+.1f} to {max(errors):+.1f}).",
                "",
            ]
    return lines


def _runs(cells: list[dict[str, Any]]) -> str:
    counts = {method: sum(cell["method"] == method for cell in cells) for method in _names(cells)}
    return " and ".join(f"{count} runs of `{method}`" for method, count in counts.items())


def _names(cells: Iterable[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(cell["method"] for cell in cells))


def _row(name: str, accuracies: list[float], last: list[float]) -> list[str]:
    gains = [100 * (own - other) for own, other in zip(accuracies, last, strict=True)]
    return [name, f"{fmean(accuracies):.4f}", f"{fmean(gains):+.1f}", f"{min(gains):+.1f}", f"{max(gains):+.1f}"]
