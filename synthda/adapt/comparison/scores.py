"""The scores of a comparison's cells: trained and scored once, and found again afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from synthda.adapt.adaptation import adapt
from synthda.adapt.baselines import feature_distance
from synthda.adapt.breakdown import scoring_told
from synthda.adapt.candidates import best_step, candidate, candidate_steps
from synthda.adapt.comparison.cells import Cell
from synthda.adapt.comparison.plan import Plan
from synthda.adapt.data import Data
from synthda.adapt.hold_out import hold_out
from synthda.adapt.metrics_log import training_seconds
from synthda.adapt.rejection import calibrated
from synthda.adapt.results import score
from synthda.adapt.run import LIBRARIES, Run
from synthda.adapt.selection import load_rule
from synthda.adapt.selection.validation import Probe
from synthda.adapt.train import Pace
from synthda.adapt.trained import load_run
from synthda.errors import RunError, SynthdaError
from synthda.manifest import FORMAT, fingerprint, provenance, read_manifest, write_json

RESULTS = "comparison.json"
BREAKDOWNS = (SynthdaError, torch.linalg.LinAlgError)  # type: ignore[attr-defined]
"""What fails a cell and leaves the others alone; anything else is a mistake of this program."""


@dataclass(frozen=True)
class Score:
    """What a cell has reached; with a `failure`, nothing.

    Attributes:
        pair, method, seed, fingerprint: of the cell.
        failure: why there is no more.
        network: its name.
        steps: updates; the last checkpoint is what is scored.
        accuracy, interval, n, mean_recall: on the pair's eval, as in `Evaluation`.
        proxy_a_distance: of the features.
        seconds: of training, without the run that the method starts from.
        by_rule: accuracy of the checkpoint that each rule of the plan chooses.
        oracle_selected: accuracy of the checkpoint that is best on the labels that evaluate: a bound, not a result.
        estimated: the accuracy as estimated without labels; None where no source images are held out, or `unknown`
            is an answer.
        held_out_accuracy: on the source images that were held out, from which it is estimated.
        network_settings: keyword arguments of the network.
        recipe: the fingerprint of its recipe; empty where an earlier synthda wrote none.
        unknown_auroc: as in `Evaluation`; None where no image is of no class.
    """

    pair: str
    method: str
    seed: int
    fingerprint: str
    network: str
    steps: int
    failure: str | None = None
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    n: int | None = None
    mean_recall: float | None = None
    proxy_a_distance: float | None = None
    seconds: float | None = None
    by_rule: Mapping[str, float] = field(default_factory=dict)
    oracle_selected: float | None = None
    estimated: float | None = None
    held_out_accuracy: float | None = None
    network_settings: Mapping[str, Any] = field(default_factory=dict)
    unknown_auroc: float | None = None
    recipe: str = ""

    @property
    def figure(self) -> float | None:
        """What methods are ranked by: the accuracy, or its estimate where there are no labels."""
        return self.estimated if self.accuracy is None else self.accuracy


def measure(
    cells: Iterable[Cell],
    data: Data,
    known: Mapping[str, Score],
    plan: Plan,
    *,
    device: str,
    pace: Callable[[Cell], Pace],
) -> Iterator[Score]:
    """The scores in the order of the cells; trains what is not yet known, by the cell's fingerprint.

    A run that breaks down is a score with its reason.
    """
    for cell in cells:
        if cell.fingerprint in known:
            yield known[cell.fingerprint]
            continue
        about = _about(cell)
        try:
            _train(cell, data, plan, device=device, pace=pace)
            with scoring_told(torch.device(device)):
                found = _chosen(cell, _scored(cell, about, data, device), data, plan, device)
        except BREAKDOWNS as error:
            found = replace(about, failure=(str(error) or type(error).__name__).splitlines()[0])
        yield found


def _train(cell: Cell, data: Data, plan: Plan, *, device: str, pace: Callable[[Cell], Pace]) -> None:
    """Train a cell; before it, another cell that it starts from, where that has not ended: as that cell would be."""
    if cell.starts_from is not None and not cell.starts_from.run.finished:
        _train(cell.starts_from, data, plan, device=device, pace=pace)
    how: dict[str, Any] = {"first": cell.first, "pace": pace(cell), "select": plan.selection}
    adapt(cell.blueprint, data, cell.run, device=device, export=False, **how)


def _about(cell: Cell) -> Score:
    plan = cell.blueprint
    named = (cell.pair, cell.method, cell.seed, cell.fingerprint)
    return Score(
        *named,
        plan.network,
        plan.recipe.steps,
        network_settings=dict(plan.network_settings),
        recipe=fingerprint(asdict(plan.recipe))[:12],
    )


def _scored(cell: Cell, about: Score, data: Data, device: str) -> Score:
    results = cell.run.read()["results"]
    found = results["evaluation"] if data.evaluation is not None else {}
    return replace(
        about,
        accuracy=found.get("accuracy"),
        interval=tuple(found["interval"]) if found else None,
        n=found.get("n"),
        mean_recall=found.get("mean_recall"),
        unknown_auroc=found.get("unknown_auroc"),
        proxy_a_distance=feature_distance(load_run(cell.run)[1].to(device), data),
        seconds=round(training_seconds(cell.run), 1),
        estimated=_estimated(cell, data, results),
        held_out_accuracy=results.get("estimated_accuracy", {}).get("source_accuracy"),
    )


def _estimated(cell: Cell, data: Data, results: Mapping[str, Any]) -> float | None:
    """The estimate of the accuracy; beside that, only where it is of the same classes, without `unknown`."""
    plan = cell.blueprint
    comparable = data.evaluation is None or plan.known_classes == plan.classes
    comparable = comparable and not plan.learns_unknown
    return results.get("estimated_accuracy", {}).get("value") if comparable else None


def _chosen(cell: Cell, score: Score, data: Data, plan: Plan, device: str) -> Score:
    """The score with what each rule would have chosen, and with the best that could have been chosen."""
    if not plan.rules:
        return score
    _, held_out = hold_out(data, cell.blueprint.method, data.classes, plan.selection.share, seed=cell.seed)
    chosen, best = accuracies_by_rule(cell, plan, Probe.of(data.target, held_out), data, device)
    return replace(score, by_rule=chosen, oracle_selected=best)


def accuracies_by_rule(
    cell: Cell, plan: Plan, probe: Probe, data: Data, device: str = "cpu"
) -> tuple[dict[str, float], float]:
    """Accuracy of the candidate that each rule chooses, and of the one that is best on the labels."""
    assert data.evaluation is not None
    rules = {name: load_rule(name) for name in plan.rules}
    accuracy: dict[int, float] = {}
    scores: dict[str, dict[int, float]] = {name: {} for name in rules}
    steps = cell.blueprint.build(pretrained=False).steps(cell.blueprint.recipe)
    for step in candidate_steps(steps, plan.candidates):
        method = candidate(cell.blueprint, cell.run, step, device)
        if cell.blueprint.calibrates_unknown and probe.held_out is not None:
            calibrated(method, probe.held_out).apply_to(method)
        accuracy[step] = score(method, data.evaluation, cell.blueprint.classes).accuracy
        answers = probe.by(method)
        for name, rule in rules.items():
            scores[name][step] = rule(answers)
    chosen = {name: accuracy[best_step(of)] for name, of in scores.items()}
    return chosen, max(accuracy.values())


def read_scores(out: Path) -> dict[str, Score]:
    """What an earlier comparison in `out` has measured, by fingerprint; failures are tried again.

    Raises:
        RunError: when `out` is a file, or the folder of a run of `synthda adapt`.
        DataError: when the file of results is damaged.
    """
    if out.exists() and not out.is_dir():
        raise RunError(f"{out} is a file; give a folder to --out.")
    if Run(out).finished or Run(out).partial_manifest.exists():
        raise RunError(f"{out} holds a run of synthda adapt; give a comparison a folder of its own with --out.")
    path = out / RESULTS
    if not path.exists():
        return {}
    found = read_manifest(path)
    try:
        entries = [*found["cells"], *found.get("others", [])]
        scores = [Score(**{**entry, "interval": _pair(entry["interval"])}) for entry in entries]
        if not all(one.failure or _is_whole(one) for one in scores):
            raise ValueError("a cell without a score")
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise RunError(f"{path} is damaged ({error!r}); remove it, and the runs are scored anew.") from error
    return {score.fingerprint: score for score in scores if score.failure is None}


def write_scores(out: Path, plan: Plan, scores: Iterable[Score], others: Iterable[Score] = ()) -> None:
    """`comparison.json`: the plan and every cell; and what other plans have measured in the same folder."""
    content = {
        "format": FORMAT,
        "kind": "comparison",
        "plan": asdict(plan),
        "cells": [asdict(score) for score in scores],
        "others": [asdict(score) for score in others],
    }
    write_json(out / RESULTS, content | {"provenance": provenance(*LIBRARIES)})


def _is_whole(score: Score) -> bool:
    """Whether it has an accuracy with its interval, or an estimate alone."""
    return isinstance(score.figure, float) and (score.accuracy is None) == (score.interval is None)


def _pair(interval: list[float] | None) -> tuple[float, float] | None:
    return None if interval is None else (interval[0], interval[1])
