"""The scores of a comparison's cells: trained and scored once, and found again afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from synthda.adapt.adaptation import adapt, load_run, score
from synthda.adapt.baselines import feature_distance
from synthda.adapt.candidates import candidate, candidate_steps
from synthda.adapt.comparison.cells import Cell
from synthda.adapt.comparison.plan import Plan
from synthda.adapt.data import Data
from synthda.adapt.hold_out import hold_out
from synthda.adapt.metrics_log import training_seconds
from synthda.adapt.run import LIBRARIES, Run
from synthda.adapt.selection import load_rule
from synthda.adapt.selection.validation import Probe
from synthda.adapt.train import Pace
from synthda.errors import DataError, RunError
from synthda.manifest import FORMAT, provenance, read_manifest, write_json

RESULTS = "comparison.json"


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
        estimated: the accuracy as estimated without labels; None where no source images are held out.
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
            yield from known_scores([cell], known)
            continue
        steps, network = cell.blueprint.recipe.steps, cell.blueprint.network
        about = Score(cell.pair, cell.method, cell.seed, cell.fingerprint, network, steps)
        try:
            adapt(
                cell.blueprint,
                data,
                cell.run,
                device=device,
                export=False,
                first=cell.first,
                pace=pace(cell),
                select=plan.selection,
            )
        except RunError as error:
            yield replace(about, failure=str(error))
        else:
            yield _chosen(cell, _scored(cell, about, data), data, plan)


def known_scores(cells: Iterable[Cell], known: Mapping[str, Score]) -> list[Score]:
    """Those of the cells whose score is known, under the names that the cells have now."""
    return [
        replace(known[cell.fingerprint], pair=cell.pair, method=cell.method, seed=cell.seed)
        for cell in cells
        if cell.fingerprint in known
    ]


def _scored(cell: Cell, about: Score, data: Data) -> Score:
    results = cell.run.read()["results"]
    found = results["evaluation"]
    return replace(
        about,
        accuracy=found["accuracy"],
        interval=tuple(found["interval"]),
        n=found["n"],
        mean_recall=found["mean_recall"],
        proxy_a_distance=feature_distance(load_run(cell.run)[1], data),
        seconds=round(training_seconds(cell.run), 1),
        estimated=results.get("estimated_accuracy", {}).get("value"),
    )


def _chosen(cell: Cell, score: Score, data: Data, plan: Plan) -> Score:
    """The score with what each rule would have chosen, and with the best that could have been chosen."""
    if not plan.rules:
        return score
    _, held_out = hold_out(data, cell.blueprint.method, data.classes, plan.selection.share, seed=cell.seed)
    chosen, best = accuracies_by_rule(cell, plan, Probe.of(data.target, held_out), data)
    return replace(score, by_rule=chosen, oracle_selected=best)


def accuracies_by_rule(cell: Cell, plan: Plan, probe: Probe, data: Data) -> tuple[dict[str, float], float]:
    """Accuracy of the candidate that each rule chooses, and of the one that is best on the labels."""
    assert data.evaluation is not None
    rules = {name: load_rule(name) for name in plan.rules}
    accuracy: dict[int, float] = {}
    scores: dict[str, dict[int, float]] = {name: {} for name in rules}
    steps = cell.blueprint.build(pretrained=False).steps(cell.blueprint.recipe)
    for step in candidate_steps(steps, plan.candidates):
        method = candidate(cell.blueprint, cell.run, step)
        accuracy[step] = score(method, data.evaluation, cell.blueprint.classes).accuracy
        answers = probe.by(method)
        for name, rule in rules.items():
            scores[name][step] = rule(answers)
    chosen = {name: accuracy[max(of, key=lambda step: (of[step], step))] for name, of in scores.items()}
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
    try:
        cells = read_manifest(path)["cells"]
        scores = [Score(**{**entry, "interval": _pair(entry["interval"])}) for entry in cells]
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{path} is incomplete or damaged ({error}); remove it, and the runs are scored anew."
        ) from error
    return {score.fingerprint: score for score in scores if score.failure is None}


def write_scores(out: Path, plan: Plan, scores: Iterable[Score]) -> None:
    """`comparison.json`: the plan and every cell."""
    content = {
        "format": FORMAT,
        "kind": "comparison",
        "plan": asdict(plan),
        "cells": [asdict(score) for score in scores],
    }
    write_json(out / RESULTS, content | {"provenance": provenance(*LIBRARIES)})


def _pair(interval: list[float] | None) -> tuple[float, float] | None:
    return None if interval is None else (interval[0], interval[1])
