"""The table of what a ranking by accuracies that are estimated without labels is worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from scipy.stats import spearmanr

from bench.markdown import table
from synthda.adapt.data import FLOOR, ORACLE

COLUMNS = (
    *("pair", "methods, seeds", "picked by the estimate", "best", "source-only", "rank correlation"),
    "estimate − accuracy, points",
)

Cell = Mapping[str, Any]


def estimate_tables(cells: Iterable[Cell], tables: Mapping[str, Any], pairs: Mapping[str, str]) -> list[str]:
    """Lines of Markdown: a row for each pair of each table.

    Args:
        cells: of `bench.estimates` and `bench.selection`; the oracle, which has seen labels, is left out.
        tables: of the protocol, by name.
        pairs: titles by name.
    """
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell["method"] != ORACLE:
            groups.setdefault((cell["table"], cell["pair"]), []).append(cell)
    rows = [
        [f"{pairs[pair]}, {tables[name]['network']} at {tables[name]['size']} px", *_cells(found)]
        for (name, pair), found in groups.items()
        if any(len(seed) > 1 for seed in _by_seed(found))
    ]
    return table(COLUMNS, rows)


def _by_seed(cells: Iterable[Cell]) -> list[list[Cell]]:
    found: dict[int, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell["seed"], []).append(cell)
    return list(found.values())


def _cells(cells: list[Cell]) -> list[str]:
    """Means over the seeds of which two methods or more have ended; the correlation is Spearman's."""
    seeds = [seed for seed in _by_seed(cells) if len(seed) > 1]
    picked = [max(seed, key=lambda cell: cell["estimated"]) for seed in seeds]
    best = [max(seed, key=lambda cell: cell["accuracy"]) for seed in seeds]
    floors = [cell["accuracy"] for seed in seeds for cell in seed if cell["method"] == FLOOR]
    ranks = [_correlation(seed) for seed in seeds]
    errors = [100 * (cell["estimated"] - cell["accuracy"]) for seed in seeds for cell in seed]
    counts = sorted({len(seed) for seed in seeds})
    return [
        f"{'–'.join(map(str, (counts[0], counts[-1]) if len(counts) > 1 else counts))}, {len(seeds)}",
        f"{fmean(cell['accuracy'] for cell in picked):.4f}, {_names(picked)}",
        f"{fmean(cell['accuracy'] for cell in best):.4f}, {_names(best)}",
        f"{fmean(floors):.4f}" if floors else "",
        f"{fmean(ranks):+.2f}",
        f"{fmean(errors):+.1f} ({min(errors):+.1f}…{max(errors):+.1f})",
    ]


def _correlation(cells: list[Cell]) -> float:
    return float(spearmanr(*([cell[name] for cell in cells] for name in ("estimated", "accuracy"))).statistic)


def _names(cells: list[Cell]) -> str:
    return ", ".join(f"`{name}`" for name in dict.fromkeys(cell["method"] for cell in cells))
