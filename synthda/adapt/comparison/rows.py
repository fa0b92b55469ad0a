"""The rows of a comparison's tables: the seeds of a method on a pair taken together, ranked.

Figures are accuracies, or, on a pair without labels that evaluate, estimates of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Any

from synthda.adapt.comparison.plan import Entry
from synthda.adapt.comparison.scores import Score
from synthda.adapt.data import FLOOR, ORACLE
from synthda.adapt.evaluate import gap_closed


@dataclass(frozen=True)
class Row:
    """A method on a pair, over its seeds; None is what no seed has reached, or what has no meaning.

    Attributes:
        method: the row's name.
        scores: of the seeds that ended.
        failures: reasons of the others, by seed.
        gain: mean and deviation of the differences to source-only around the same network, seed by seed; of a single
            seed there is no deviation.
        gain_seeds: on how many seeds both ended.
        gap_closed: share of the distance from source-only to the oracle, both around the same network, over the seeds
            on which all three ended.
    """

    method: str
    scores: tuple[Score, ...]
    failures: dict[int, str]
    gain: tuple[float, float | None] | None = None
    gain_seeds: int = 0
    gap_closed: float | None = None

    @property
    def mean(self) -> float | None:
        """Of the figures."""
        return _mean(self.by_seed.values())

    @property
    def std(self) -> float | None:
        """Sample standard deviation, of n − 1."""
        return _deviation(list(self.by_seed.values()))

    @property
    def blind(self) -> bool:
        """Whether there are estimates alone."""
        return bool(self.scores) and all(score.accuracy is None for score in self.scores)

    @property
    def network(self) -> tuple[str, dict[str, Any]] | None:
        """Its name and settings, of which source-only and the oracle must be to be compared with."""
        return (self.scores[0].network, dict(self.scores[0].network_settings)) if self.scores else None

    @property
    def recipe(self) -> str:
        """The fingerprint of its recipe; empty where that is not known."""
        return self.scores[0].recipe if self.scores else ""

    @property
    def by_seed(self) -> dict[int, float]:
        """Figures of the seeds that ended."""
        return {score.seed: score.figure for score in self.scores if score.figure is not None}

    @property
    def proxy_a_distance(self) -> float | None:
        return _mean(score.proxy_a_distance for score in self.scores)

    @property
    def seconds(self) -> float | None:
        return _mean(score.seconds for score in self.scores)

    @property
    def unknown_auroc(self) -> float | None:
        return _mean(score.unknown_auroc for score in self.scores)

    @property
    def oracle_selected(self) -> float | None:
        return _mean(score.oracle_selected for score in self.scores)

    @property
    def estimated(self) -> float | None:
        return _mean(score.estimated for score in self.scores)

    @property
    def held_out_accuracy(self) -> float | None:
        return _mean(score.held_out_accuracy for score in self.scores)

    def selected_by(self, rule: str) -> float | None:
        """Mean accuracy of the checkpoints that a rule chooses."""
        return _mean(score.by_rule.get(rule) for score in self.scores)


def rows_of(entries: Sequence[Entry], scores: Iterable[Score]) -> list[Row]:
    """A pair's rows, best mean first; what has failed on every seed comes last, in the plan's order."""
    scores = list(scores)
    plain = {entry.name: _row(entry.name, scores) for entry in entries}
    rows = []
    for entry in entries:
        row = plain[entry.name]
        floor, oracle = (_baseline(method, row, entries, plain) for method in (FLOOR, ORACLE))
        gains = [] if floor is None or floor is row else _gains(row, floor)
        gain = (fmean(gains), _deviation(gains)) if gains else None
        adapted = entry.method not in (FLOOR, ORACLE)
        closed = _gap_closed(floor, row, oracle) if floor and oracle and adapted and not row.blind else None
        rows.append(replace(row, gain=gain, gain_seeds=len(gains), gap_closed=closed))
    return sorted(rows, key=lambda row: -(row.mean if row.mean is not None else -1.0))


def overall(tables: Sequence[Sequence[Row]]) -> list[tuple[str, float]]:
    """Mean figure over all pairs of each method that has one on each, best first; none where some are estimates."""
    if len({row.blind for rows in tables for row in rows if row.scores}) > 1:
        return []
    means: dict[str, list[float]] = {}
    for rows in tables:
        for row in rows:
            means.setdefault(row.method, []).extend([] if row.mean is None else [row.mean])
    whole = [(method, fmean(found)) for method, found in means.items() if len(found) == len(tables)]
    return sorted(whole, key=lambda item: -item[1])


def _row(method: str, scores: Iterable[Score]) -> Row:
    own = [score for score in scores if score.method == method]
    ended = tuple(score for score in own if score.failure is None)
    return Row(method, ended, {score.seed: score.failure for score in own if score.failure is not None})


def _mean(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return fmean(found) if found else None


def _deviation(values: Sequence[float]) -> float | None:
    return stdev(values) if len(values) > 1 else None


def _baseline(method: str, row: Row, entries: Sequence[Entry], rows: Mapping[str, Row]) -> Row | None:
    """The first row of a baseline that is around the row's network and was trained by its recipe."""
    found = (rows[entry.name] for entry in entries if entry.method == method)
    return next((each for each in found if each.network is not None and _alike(each, row)), None)


def _alike(one: Row, other: Row) -> bool:
    known = one.recipe and other.recipe
    return one.network == other.network and (not known or one.recipe == other.recipe)


def _gains(row: Row, floor: Row) -> list[float]:
    return [own - floor.by_seed[seed] for seed, own in row.by_seed.items() if seed in floor.by_seed]


def _gap_closed(floor: Row, row: Row, oracle: Row) -> float | None:
    parts = [each.by_seed for each in (floor, row, oracle)]
    seeds = set.intersection(*(set(part) for part in parts))
    return gap_closed(*(fmean(part[seed] for seed in sorted(seeds)) for part in parts)) if seeds else None
