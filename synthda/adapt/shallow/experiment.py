"""From labelled source rows and unlabelled target rows to predictions, beside what no adaptation gives."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from synthda.adapt.intervals import bootstrap_interval
from synthda.adapt.shallow import SHALLOW
from synthda.adapt.shallow.classifiers import check_classes
from synthda.adapt.shallow.estimator import Labels, Rows, Shallow, Shape
from synthda.adapt.shallow.features import prepared, prepared_width
from synthda.adapt.shallow.msda import MSDA
from synthda.adapt.shallow.reverse_validation import (
    Problem,
    Selection,
    Settings,
    check_grid,
    combinations,
    select,
)
from synthda.errors import DataError, SettingError
from synthda.manifest import written_then_named
from synthda.settings import configure, load, parse_assignments, settings_of


@dataclass(frozen=True)
class ShallowPlan:
    """A method, the features it works on, and the settings of both.

    Attributes:
        method: name, as in `SHALLOW`.
        settings: of the method, those that differ from its defaults.
        grid: values that reverse validation chooses from, by setting; empty for no choice.
        normalise: steps, as in `normalised`.
        msda: its settings; None for the normalised rows themselves.
    """

    method: str
    settings: Settings
    grid: dict[str, list[Any]]
    normalise: str
    msda: Settings | None

    @classmethod
    def of(
        cls,
        method: str,
        *,
        given: Mapping[str, str],
        grid: Sequence[str] = (),
        normalise: str = "none",
        features: str = "raw",
    ) -> ShallowPlan:
        """A plan from texts as the command line has them: `{"dimensions": "80"}`, `["lambda_=0.1,1"]`.

        Raises:
            SettingError: for an unknown method or setting, a bad value, or one that is both set and in the grid.
        """
        found = load("shallow method", method, SHALLOW)
        if features not in ("raw", "msda"):
            raise SettingError(f"There are no features {features!r}; --features accepts raw and msda.")
        roles = {"method": found} | ({"msda": MSDA} if features == "msda" else {})
        settings = configure(roles, given)
        values = {name: text.split(",") for name, text in parse_assignments(grid).items()}
        known = settings_of(found)
        for name in values:
            configure({"method": found}, {name: values[name][0]})  # an unknown name is refused with its near matches
            if name in given:
                raise SettingError(f"{name} is given by --set and by --grid; leave out one of the two.")
        tried = {name: [known[name].parse(text.strip()) for text in texts] for name, texts in values.items()}
        return cls(method, settings["method"], tried, normalise, settings.get("msda"))

    def build(self, chosen: Settings) -> Shallow:
        """The untrained method."""
        built: Shallow = load("shallow method", self.method, SHALLOW)(**self.settings | chosen)
        return built

    def build_baseline(self, chosen: Settings) -> Shallow | None:
        """The same without adaptation; None where the method is its own baseline."""
        name = load("shallow method", self.method, SHALLOW).baseline
        if name is None:
            return None
        found = load("shallow method", name, SHALLOW)
        shared = {key: value for key, value in (self.settings | chosen).items() if key in settings_of(found)}
        built: Shallow = found(**shared)
        return built


@dataclass(frozen=True, eq=False)
class ShallowResult:
    """What a plan gave.

    Attributes:
        predictions: (n_t,) classes of the target rows.
        selection: what reverse validation found; None without a grid.
        scores: by name (`adapted`, `no adaptation`), on labelled rows of the target; empty without such.
    """

    predictions: Labels
    selection: Selection | None
    scores: dict[str, Score]


@dataclass(frozen=True)
class Score:
    """Accuracy on n rows, and its 95 % bootstrap interval."""

    accuracy: float
    interval: tuple[float, float]
    n: int


def run_shallow(
    plan: ShallowPlan, source: Rows, labels: Labels, target: Rows, evaluation: tuple[Rows, Labels] | None = None
) -> ShallowResult:
    """Choose settings, train, label the target; score on `evaluation`, rows and labels of the target, where given.

    Raises:
        SettingError: for a setting that does not suit the data, or more rows and features than memory holds.
        DataError: for a class to evaluate on that the source lacks.
    """
    try:
        return _run(plan, source, labels, target, evaluation)
    except MemoryError as error:
        raise SettingError(
            f"{source.shape[0]:,} and {target.shape[0]:,} rows of {source.shape[1]:,} features need more memory than "
            "is free; leave out rare features or some rows, or use svm, which keeps sparse rows sparse."
        ) from error


def _run(
    plan: ShallowPlan, source: Rows, labels: Labels, target: Rows, evaluation: tuple[Rows, Labels] | None
) -> ShallowResult:
    check_classes(labels)
    if evaluation:
        _check_known(labels, evaluation[1])
    more = [evaluation[0]] if evaluation else []
    msda = None if plan.msda is None else MSDA(**plan.msda)
    width = prepared_width(source.shape[0] + target.shape[0], source.shape[1], msda)
    _check_shapes(plan, (source.shape[0], width), (target.shape[0], width))
    rows_s, rows_t, *rows_e = prepared(source, target, *more, normalise=plan.normalise, msda=msda)
    problem = Problem(rows_s, labels, rows_t)
    selection = select(plan.build, problem, plan.grid) if plan.grid else None
    chosen = selection.settings if selection else {}
    adapted = plan.build(chosen).fit(rows_s, labels, rows_t)
    scores = {}
    if evaluation:
        scores["adapted"] = score(adapted, rows_e[0], evaluation[1])
        baseline = plan.build_baseline(chosen)
        if baseline:
            scores["no adaptation"] = score(baseline.fit(rows_s, labels, rows_t), rows_e[0], evaluation[1])
    return ShallowResult(adapted.predict(rows_t), selection, scores)


def _check_shapes(plan: ShallowPlan, source: Shape, target: Shape) -> None:
    """Refuse what does not suit rows of these shapes, in any combination of the grid, before mSDA learns anything."""
    if plan.grid:
        check_grid(plan.build, source, target, plan.grid)
    for settings in combinations(plan.grid):
        plan.build(settings).check(source, target)


def score(fitted: Shallow, rows: Rows, labels: Labels) -> Score:
    """How often a fitted method is right on labelled rows (n, d) of the target."""
    right = fitted.predict(rows) == labels
    return Score(float(np.mean(right)), bootstrap_interval(right), len(labels))


def _check_known(labels: Labels, evaluated: Labels) -> None:
    """Classes are matched by what they are called in the two files."""
    unknown = sorted(set(evaluated.tolist()) - set(labels.tolist()), key=str)
    if unknown:
        raise DataError(
            f"The labels to evaluate on name classes that the source lacks ({', '.join(map(str, unknown[:5]))}); name "
            "the classes alike in both files."
        )


def write_rows(predictions: Labels, out: Path) -> None:
    """Write the row's number, from 0, and its class as CSV, whole or not at all.

    Raises:
        SettingError: for a suffix other than .csv.
        SynthdaError: when the file cannot be written.
    """
    check_out(out)
    with written_then_named(out) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(("row", "class"))
        lines.writerows(enumerate(predictions.tolist()))


def check_out(out: Path) -> None:
    """Refuse, before anything is trained, a name that cannot be written to.

    Raises:
        SettingError: for a suffix other than .csv.
    """
    if out.suffix.lower() != ".csv":
        raise SettingError(f"--out {out} has no known suffix; give a name that ends in .csv.")
