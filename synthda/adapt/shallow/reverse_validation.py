"""Hyper-parameters chosen without a target label: reverse validation (Zhong et al. 2010; Ganin et al. 2016, §5.1.2)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthda.adapt.shallow.estimator import Labels, Rows, Shallow, Shape
from synthda.errors import SettingError

Settings = dict[str, Any]
Grid = Mapping[str, Sequence[Any]]
"""Values to try, by setting; all combinations are."""

HELD_OUT = 0.1
"""Share of the source rows that tell the risk."""


@dataclass(frozen=True)
class Selection:
    """What reverse validation found.

    Attributes:
        settings: those with the lowest risk; of equals, the first.
        risks: every combination that was tried, and its risk in [0, 1].
    """

    settings: Settings
    risks: list[tuple[Settings, float]]


@dataclass(frozen=True, eq=False)
class Problem:
    """Labelled source rows (n_s, d), their labels (n_s,), and unlabelled target rows (n_t, d)."""

    source: Rows
    labels: Labels
    target: Rows


def select(
    build: Callable[[Settings], Shallow],
    problem: Problem,
    grid: Grid,
    *,
    splits: int = 1,
    seed: int = 0,
) -> Selection:
    """The settings of a grid with the lowest reverse risk.

    Args:
        build: makes an untrained method from one value for each name of the grid.
        problem: what it is to be trained on.
        grid: what to try.
        splits: random halves into rows that train and rows that tell the risk; the risks are averaged.
        seed: of the splits.

    Raises:
        SettingError: as `check_grid`, before anything is trained; where a training breaks down.
    """
    check_grid(build, problem.source.shape, problem.target.shape, grid)
    tried = []
    for settings in combinations(grid):
        with _named(settings):
            risks = [reverse_risk(lambda: build(settings), problem, seed=seed + split) for split in range(splits)]  # noqa: B023
        tried.append((settings, float(np.mean(risks))))
    return Selection(min(tried, key=lambda one: one[1])[0], tried)


def check_grid(build: Callable[[Settings], Shallow], source: Shape, target: Shape, grid: Grid) -> None:
    """Refuse a grid of which reverse validation on source rows (n_s, d) and target rows (n_t, d) cannot try all.

    Raises:
        SettingError: where a combination does not suit nine tenths of the source rows; it names the combination. Where
            these are too few to train on.
    """
    kept = source[0] - _held_back(source[0], HELD_OUT)
    for settings in combinations(grid):
        with _named(settings):
            build(settings).check((kept, source[1]), target)


@contextmanager
def _named(settings: Settings) -> Iterator[None]:
    """What is refused inside is refused by the combination's name."""
    try:
        yield
    except SettingError as error:
        named = ", ".join(f"{name}={value}" for name, value in settings.items())
        raise SettingError(
            f"Reverse validation of {named}, which learns from nine tenths of the source rows: {error}"
        ) from error


def combinations(grid: Grid) -> Iterator[Settings]:
    """Every choice of one value for each name, the last name changing fastest."""
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def reverse_risk(build: Callable[[], Shallow], problem: Problem, *, held_out: float = HELD_OUT, seed: int = 0) -> float:
    """How often held-out source rows are wrong after the way to the target and back, 0 to 1.

    A method is trained on the rest of the source and the target, and labels the target; another, trained on these
    labels with the source as its target, is scored on the held-out rows. A network begins where the first one ended.

    Raises:
        SettingError: when too few rows are left to train on, or a setting does not suit them.
    """
    count = len(problem.labels)
    order = np.random.default_rng([seed, count]).permutation(count)
    scored, kept = np.split(order, [_held_back(count, held_out)])
    there = build().fit(problem.source[kept], problem.labels[kept], problem.target)
    guessed = there.predict(problem.target)
    if len(np.unique(guessed)) == 1:  # nothing to train on: all rows back home get the one class
        return float((problem.labels[scored] != guessed[0]).mean())
    back = build()
    back.begin_from(there)
    back.fit(problem.target, guessed, problem.source[kept])
    return float((back.predict(problem.source[scored]) != problem.labels[scored]).mean())


def _held_back(count: int, share: float) -> int:
    found = max(1, round(share * count))
    if count - found < 2:
        raise SettingError(f"Reverse validation holds back source rows, and {count} are too few; give at least 3.")
    return found
