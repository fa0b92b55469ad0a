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
    """Over the seeds of which two methods or more have ended; picked by mean estimate, as `compare` ranks."""
    seeds = [seed for seed in _by_seed(cells) if len(seed) > 1]
    estimated, accuracy = (
        _means((cell for seed in seeds for cell in seed), name) for name in ("estimated", "accuracy")
    )
    picked, best = (max(means, key=lambda method: means[method]) for means in (estimated, accuracy))
    ranks = [_correlation(seed) for seed in seeds]
    errors = [100 * (cell["estimated"] - cell["accuracy"]) for seed in seeds for cell in seed]
    counts = sorted({len(seed) for seed in seeds})
    return [
        f"{'–'.join(map(str, (counts[0], counts[-1]) if len(counts) > 1 else counts))}, {len(seeds)}",
        f"{accuracy[picked]:.4f}, `{picked}`",
        f"{accuracy[best]:.4f}, `{best}`",
        f"{accuracy[FLOOR]:.4f}" if FLOOR in accuracy else "",
        f"{fmean(ranks):+.2f}",
        f"{fmean(errors):+.1f} ({min(errors):+.1f}…{max(errors):+.1f})",
    ]


def _correlation(cells: list[Cell]) -> float:
    return float(spearmanr(*([cell[name] for cell in cells] for name in ("estimated", "accuracy"))).statistic)


def _means(cells: Iterable[Cell], name: str) -> dict[str, float]:
    """By method, over its seeds."""
    found: dict[str, list[float]] = {}
    for cell in cells:
        found.setdefault(cell["method"], []).append(cell[name])
    return {method: fmean(values) for method, values in found.items()}
