"""What a run's folder tells a report: read tolerantly, for a run may be old, unfinished or damaged; no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synthda.adapt.estimate_doubts import doubts, harm_told, is_worse
from synthda.adapt.health import health
from synthda.adapt.metrics_log import TIMES, Entry, read_metrics
from synthda.adapt.report.stored import Stored, read_stored
from synthda.adapt.run import Run
from synthda.adapt.scored import scored_alike
from synthda.errors import DataError, RunError

FLOOR, ORACLE = "source-only", "train-on-target"  # as in `data`, which imports torch

MOST_CONFUSIONS = 10


@dataclass(frozen=True)
class Result:
    """One accuracy, to be drawn beside others."""

    name: str
    accuracy: float
    interval: tuple[float, float]
    n: int


@dataclass(frozen=True)
class ClassRow:
    """How one class fares.

    Attributes:
        n: its images among those that evaluate.
        recall, precision: None where there is nothing to divide by.
        taken_for: the class that its images are most often taken for, and how often; empty where never.
    """

    name: str
    n: int
    recall: float | None
    precision: float | None
    taken_for: str


@dataclass(frozen=True, eq=False)
class Content:
    """A run as its folder has it.

    Attributes:
        run: the folder.
        manifest: as written, of a finished run or of one under way.
        entries: lines of the training's log.
        comparison: accuracies and distances beside the baselines; empty where they were not written.
        stored: what was gathered of the data; None where it was not.
        notices: what is wrong with the run, a sentence each.
        gaps: what a report of it alone lacks, and how to get it.
    """

    run: Run
    manifest: Mapping[str, Any]
    entries: Sequence[Entry]
    comparison: Mapping[str, Any]
    stored: Stored | None
    notices: Sequence[str]
    gaps: Sequence[str]

    @classmethod
    def of(cls, run: Run) -> Content:
        """Read a folder.

        Raises:
            RunError: when it holds no run.
            DataError: when its manifest cannot be read.
        """
        manifest = run.read()
        if manifest.get("kind") != "run" or not isinstance(manifest.get("configuration"), dict):
            raise RunError(f"{run.folder} holds no run of synthda adapt; give the folder that --out named.")
        entries = read_metrics(run)
        notices: list[str] = [] if run.finished else [_unfinished(manifest, entries)]
        notices += _about_estimate(run, manifest)
        gaps: list[str] = []
        comparison, stored = _comparison(run, notices), _stored(run, manifest, gaps)
        return cls(run, manifest, entries, comparison, stored, notices, gaps)

    @property
    def blueprint(self) -> Mapping[str, Any]:
        return _part(self.manifest["configuration"], "blueprint")

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(map(str, self.blueprint.get("classes", ())))

    @property
    def data(self) -> Mapping[str, Any]:
        return _part(self.manifest["configuration"], "data")

    @property
    def results(self) -> Mapping[str, Any]:
        return _part(self.manifest, "results")

    @property
    def provenance(self) -> Mapping[str, Any]:
        return _part(self.manifest, "provenance")

    @property
    def evaluation(self) -> Mapping[str, Any]:
        """The score of the deployed checkpoint; empty where nothing evaluated it."""
        return _part(self.results, "evaluation")

    @property
    def threshold(self) -> float | None:
        """The probability below which the answer is `unknown`, where one was given."""
        found = self.blueprint.get("unknown_below")
        return None if found is None else float(found)

    @property
    def method(self) -> str:
        return str(self.blueprint.get("method", "run"))

    @property
    def target_name(self) -> str:
        known = _part(self.data, "target").get("name") or (self.stored and self.stored.about["target"]["name"])
        return str(known or "")

    @property
    def step(self) -> int:
        """Of the deployed checkpoint."""
        chosen = _part(self.results, "selection").get("step")
        last = self.entries[-1]["step"] if self.entries else 0
        return int(chosen or self.results.get("steps") or last)

    @property
    def seconds(self) -> float:
        return sum(entry.get("seconds", 0.0) for entry in self.entries)

    @property
    def advice(self) -> str | None:
        return health(self.entries)

    @property
    def terms(self) -> list[str]:
        """What was logged of the training, in its order."""
        names = dict.fromkeys(name for entry in self.entries for name in entry)
        return [name for name in names if name not in ("step", *TIMES)]

    @property
    def estimate(self) -> Mapping[str, Any]:
        """The accuracy as estimated without labels; empty where it was not, or where labels have told it."""
        return {} if self.evaluation else _part(self.results, "estimated_accuracy")

    @property
    def estimate_of_floor(self) -> Mapping[str, Any]:
        """The same of source-only beside it."""
        return _part(_results_of(self.run.baseline(FLOOR)), "estimated_accuracy")

    def results_in_order(self) -> list[Result]:
        """Source-only, this run, the oracle: those that were evaluated, on the same images as this run if it was."""
        found = {name: _results_of(self.run.baseline(name)) for name in (FLOOR, ORACLE)}
        alike = {
            name: results
            for name, results in found.items()
            if not self.evaluation or scored_alike(_part(results, "evaluation"), self.evaluation)
        }
        floor, oracle = (result_of(name, alike.get(name, {})) for name in (FLOOR, ORACLE))
        return [row for row in (floor, result_of(self.method, self.results), oracle) if row is not None]

    def class_rows(self) -> list[ClassRow]:
        """A row a class that occurs or is predicted, in the order of the classes."""
        confusion = self.evaluation.get("confusion")
        if not confusion:
            return []
        predicted = [sum(row[k] for row in confusion) for k in range(len(confusion))]
        return [
            _class_row(name, k, confusion[k], predicted[k], self.classes)
            for k, name in enumerate(self.classes)
            if sum(confusion[k]) or predicted[k]
        ]

    def confusions(self) -> list[tuple[str, str, int, int]]:
        """The most frequent ones: true class, predicted class, how often, and how many images the true class has."""
        table = self.evaluation.get("confusion") or []
        found = [
            (self.classes[k], self.classes[j], count, sum(row))
            for k, row in enumerate(table)
            for j, count in enumerate(row)
            if count and j != k
        ]
        return sorted(found, key=lambda one: -one[2])[:MOST_CONFUSIONS]


def _part(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = content.get(name)
    return found if isinstance(found, Mapping) else {}


def _results_of(run: Run) -> Mapping[str, Any]:
    """Of a baseline; nothing where it was not trained to its end, or its manifest is damaged."""
    try:
        return _part(run.read(), "results") if run.finished else {}
    except DataError:
        return {}


def result_of(name: str, results: Mapping[str, Any]) -> Result | None:
    """The score among a run's results; None where nothing evaluated it."""
    found = _part(results, "evaluation")
    if "accuracy" not in found:
        return None
    low, high = found["interval"]
    return Result(name, found["accuracy"], (low, high), found["n"])


def _class_row(name: str, k: int, row: Sequence[int], predicted: int, classes: Sequence[str]) -> ClassRow:
    n, right = sum(row), row[k]
    count, other = max(((count, j) for j, count in enumerate(row) if j != k), default=(0, 0), key=lambda pair: pair[0])
    return ClassRow(
        name=name,
        n=n,
        recall=right / n if n else None,
        precision=right / predicted if predicted else None,
        taken_for=f"{classes[other]} ({count})" if count else "",
    )


def _about_estimate(run: Run, manifest: Mapping[str, Any]) -> list[str]:
    """Why the estimate at the head is not to be trusted, or what it says against the adaptation."""
    results = _part(manifest, "results")
    own = _part(results, "estimated_accuracy")
    if not own or _part(results, "evaluation"):
        return []
    floor = _part(_results_of(run.baseline(FLOOR)), "estimated_accuracy")
    method = str(_part(_part(manifest, "configuration"), "blueprint").get("method", "adaptation"))
    return [*doubts(own), *([harm_told(method)] if is_worse(own, floor) else [])]


def _unfinished(manifest: Mapping[str, Any], entries: Sequence[Entry]) -> str:
    steps = _part(_part(_part(manifest, "configuration"), "blueprint"), "recipe").get("steps")
    last = int(entries[-1]["step"]) if entries else 0
    logged = f"its log ends at step {last:,}" + (f" of {steps:,}" if isinstance(steps, int) else "")
    return (
        f"This run is not finished: {logged}. It was stopped, or it broke down, or it is still under way. The same "
        "command goes on from the last checkpoint. The page shows what there is."
    )


def _comparison(run: Run, notices: list[str]) -> Mapping[str, Any]:
    if not run.comparison.exists():
        return {}
    try:
        found = json.loads(run.comparison.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        notices.append(f"comparison.json cannot be read ({error}); distances of the features are left out.")
        return {}
    return found if isinstance(found, dict) else {}


def _stored(run: Run, manifest: Mapping[str, Any], gaps: list[str]) -> Stored | None:
    again = "run the command of this run once more: a finished run is not trained again."
    try:
        stored = read_stored(run)
    except (DataError, ValueError) as error:
        gaps.append(f"What was kept of the data for this page is damaged ({error}); {again}")
        return None
    if stored is None:
        if run.finished:
            gaps.append(
                f"Photographs, the picture of the features and the histograms are missing: they were not kept. To have "
                f"them, {again}"
            )
        return None
    if stored.about.get("fingerprint") != manifest.get("fingerprint"):
        gaps.append(f"What was kept of the data for this page belongs to another run; {again}")
        return None
    return stored
