"""The rows of a comparison's tables: the seeds of a method on a pair taken together, ranked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

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
        gain: mean and deviation of the differences to source-only, seed by seed.
        gap_closed: share of the distance from source-only to the oracle.
    """

    method: str
    scores: tuple[Score, ...]
    failures: dict[int, str]
    gain: tuple[float, float] | None = None
    gap_closed: float | None = None

    @property
    def accuracies(self) -> list[float]:
        return [score.accuracy for score in self.scores if score.accuracy is not None]

    @property
    def mean(self) -> float | None:
        return fmean(self.accuracies) if self.scores else None

    @property
    def std(self) -> float | None:
        return pstdev(self.accuracies) if len(self.scores) > 1 else None

    @property
    def proxy_a_distance(self) -> float | None:
        return _mean(score.proxy_a_distance for score in self.scores)

    @property
    def seconds(self) -> float | None:
        return _mean(score.seconds for score in self.scores)

    @property
    def oracle_selected(self) -> float | None:
        return _mean(score.oracle_selected for score in self.scores)

    @property
    def estimated(self) -> float | None:
        return _mean(score.estimated for score in self.scores)

    def selected_by(self, rule: str) -> float | None:
        """Mean accuracy of the checkpoints that a rule chooses."""
        return _mean(score.by_rule.get(rule) for score in self.scores)


def rows_of(entries: Sequence[Entry], scores: Iterable[Score]) -> list[Row]:
    """A pair's rows, best mean first; what has failed on every seed comes last, in the plan's order."""
    scores = list(scores)
    means = {entry.name: _row(entry.name, scores).mean for entry in entries}
    floor, oracle = (next((e.name for e in entries if e.method == method), None) for method in (FLOOR, ORACLE))
    baselines = {entry.name for entry in entries if entry.method in (FLOOR, ORACLE)}
    rows = []
    for entry in entries:
        row = _row(entry.name, scores)
        measured = [means.get(name) if name else None for name in (floor, entry.name, oracle)]
        known = [mean for mean in measured if mean is not None]
        closed = gap_closed(*known) if len(known) == len(measured) and entry.name not in baselines else None
        gain = None if floor is None or entry.name == floor else _gain(row, _row(floor, scores))
        rows.append(Row(row.method, row.scores, row.failures, gain, closed))
    return sorted(rows, key=lambda row: -(row.mean if row.mean is not None else -1.0))


def overall(tables: Sequence[Sequence[Row]]) -> list[tuple[str, float]]:
    """Mean accuracy over all pairs of each method that has one on each, best first."""
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


def _gain(row: Row, floor: Row) -> tuple[float, float] | None:
    by_seed = {score.seed: score.accuracy for score in floor.scores if score.accuracy is not None}
    pairs = [(score.accuracy, by_seed[score.seed]) for score in row.scores if score.seed in by_seed]
    gains = [own - other for own, other in pairs if own is not None]
    return (fmean(gains), pstdev(gains)) if gains else None
