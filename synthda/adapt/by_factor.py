"""Accuracy as a function of one factor of the scenes: where a classifier fails, on renderings that it has not seen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.intervals import wilson_interval
from synthda.datasets.domain import Domain, factor_names
from synthda.errors import DataError, SettingError
from synthda.settings import unknown

BINS = 10
MOST_WHOLE_NUMBERS = 12
"""A column of no more different whole numbers has a bin for each."""

NONE = "none"
"""Where a choice was not made, or a number is NaN."""


@dataclass(frozen=True)
class Part:
    """The images whose factor has one value, or lies in one range.

    Attributes:
        name: of the entry, number or range.
        n: how many images.
        accuracy: share of right answers among them.
        interval: 95 % Wilson interval of the accuracy.
        low, mean, high: of the factor among these images; None for a choice.
    """

    name: str
    n: int
    accuracy: float
    interval: tuple[float, float]
    low: float | None = None
    mean: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class ByFactor:
    """Accuracy by one factor; `parts` ascend with a numeric factor, and with accuracy where it is a choice."""

    factor: str
    numeric: bool
    n: int
    accuracy: float
    parts: tuple[Part, ...]

    def most_frequent(self, most: int) -> list[Part]:
        """Of a choice with many entries, the `most` with the most images, in their order; of numbers, all."""
        if self.numeric or len(self.parts) <= most:
            return list(self.parts)
        kept = sorted(self.parts, key=lambda part: -part.n)[:most]
        return [part for part in self.parts if part in kept]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def by_factor(
    domain: Domain,
    right: NDArray[np.bool_],
    factor: str,
    tables: Mapping[str, Sequence[str]],
    *,
    bins: int = BINS,
) -> ByFactor:
    """Split the images of a rendered domain by a factor, and score each part.

    Args:
        domain: with scenes.
        right: (N,) whether each image was recognised.
        factor: a scene column but the label and seeds.
        tables: by choice column, what each code means.
        bins: of numbers, as equal in count as they can be: images of one value stay together.

    Raises:
        DataError: when the domain has no scenes.
        SettingError: for an unknown factor; near matches are offered.
    """
    column = column_of(domain, factor)
    if factor in tables:
        parts = sorted(_by_choice(column, right, tables[factor]), key=lambda part: (part.accuracy, -part.n))
    else:
        parts = list(_by_number(column, right, bins))
    return ByFactor(factor, factor not in tables, len(right), float(right.mean()), tuple(parts))


def column_of(domain: Domain, factor: str) -> NDArray[Any]:
    """(N,) the domain's column called `factor`; raises as `by_factor` does."""
    if domain.scenes is None:
        raise DataError(
            f"{domain.name or 'The data'} has no scenes to go by; --by takes shards that a renderer wrote: "
            "synthda generate RENDERER --seed 1 --out DIR"
        )
    known = factor_names(domain.scenes)
    if factor not in known:
        raise SettingError(unknown("factor", factor, known))
    column: NDArray[Any] = domain.scenes[factor]
    return column


def equal_bins(column: NDArray[Any], bins: int) -> NDArray[np.int64]:
    """(N,) ascending bin numbers by middle rank: as equal in count as images of one value allow, some left empty."""
    values, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
    if column.dtype.kind != "f" and len(values) <= MOST_WHOLE_NUMBERS:
        return inverse.astype(np.int64)
    middle = np.cumsum(counts) - counts / 2
    chosen: NDArray[np.int64] = (middle * bins / len(column)).astype(np.int64)[inverse]
    return chosen


def _by_choice(column: NDArray[Any], right: NDArray[np.bool_], table: Sequence[str]) -> Iterator[Part]:
    names = np.array([*map(str, table), NONE], dtype=object)
    inside = (column >= 0) & (column < len(table))
    entries = names[np.where(inside, column, len(table)).astype(np.int64)]
    for name in dict.fromkeys(entries):
        yield _part(str(name), right[entries == name])


def _by_number(column: NDArray[Any], right: NDArray[np.bool_], bins: int) -> Iterator[Part]:
    known = ~np.isnan(column) if column.dtype.kind == "f" else np.ones(len(column), dtype=bool)
    numbers, answers = column[known].astype(np.float64), right[known]
    chosen = equal_bins(column[known], bins)
    decimals = _decimals(numbers) if column.dtype.kind == "f" else 0
    for number in np.unique(chosen):
        inside = numbers[chosen == number]
        low, high = float(inside.min()), float(inside.max())
        ends = [f"{round(end, decimals) + 0.0:,.{decimals}f}" for end in (low, high)]
        yield _part(" … ".join(dict.fromkeys(ends)), answers[chosen == number], (low, float(inside.mean()), high))
    if not known.all():
        yield _part(NONE, right[~known])


def _decimals(numbers: NDArray[np.float64]) -> int:
    """So many that a thousandth of the span shows."""
    span = float(np.ptp(numbers)) if len(numbers) else 0.0
    return max(0, 3 - math.floor(math.log10(span))) if span > 0 else 3


def _part(name: str, right: NDArray[np.bool_], extent: tuple[float, float, float] | None = None) -> Part:
    hits, n = int(right.sum()), len(right)
    return Part(name, n, hits / n, wilson_interval(hits, n), *(extent or (None, None, None)))
