"""The cells of a comparison: each is a run of its own, trained once, scored once, and found again afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from synthda.adapt.adaptation import adapt, configuration_of, load_run
from synthda.adapt.baselines import feature_distance
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.comparison.plan import Pair, Plan
from synthda.adapt.data import Data, with_classes
from synthda.adapt.metrics_log import training_seconds
from synthda.adapt.run import LIBRARIES, Run
from synthda.adapt.train import Pace
from synthda.errors import RunError
from synthda.manifest import FORMAT, fingerprint, provenance, read_manifest, write_json

RESULTS = "comparison.json"


@dataclass(frozen=True)
class Cell:
    """One training run: a pair, a row of its table, a seed.

    Attributes:
        pair, method: names of the pair and of the row.
        blueprint: what is trained.
        run: its folder, named for all that the weights depend on.
        first: the run that the method starts from, shared by all cells that start from an equal one.
        fingerprint: of all that the score depends on.
    """

    pair: str
    method: str
    seed: int
    blueprint: Blueprint
    run: Run
    first: Run | None
    fingerprint: str


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


def cells_of(plan: Plan, pair: Pair, data: Data, out: Path) -> tuple[Cell, ...]:
    """A pair's cells, one seed of every method first.

    Raises:
        SettingError: when a method cannot serve a network or a setting is out of range; before any training.
        DataError: when a domain has other classes than the sources.
    """
    rows, folder = plan.rows_of(pair), out / folder_name(pair.name)
    for entry in rows:
        for source in data.training_sources(entry.method):
            with_classes(source, data.classes)
    starts = {entry.name: plan.blueprint(entry, data.classes, plan.seeds[0]).build().starts_from for entry in rows}
    cells: list[Cell] = []
    for seed in plan.seeds:
        for entry in rows:
            blueprint = plan.blueprint(entry, data.classes, seed)
            run = _run_of(blueprint, data, folder / folder_name(entry.name))
            scored = fingerprint({"run": run.folder.name, "eval": data.evaluation_identity})
            first = _first_of(blueprint, starts[entry.name], data, cells, folder)
            cells.append(Cell(pair.name, entry.name, seed, blueprint, run, first, scored))
    return tuple(cells)


def _run_of(blueprint: Blueprint, data: Data, folder: Path) -> Run:
    return Run(folder / f"seed-{blueprint.seed}-{fingerprint(configuration_of(blueprint, data))[:12]}")


def _first_of(
    blueprint: Blueprint, starts_from: str | None, data: Data, earlier: list[Cell], folder: Path
) -> Run | None:
    if starts_from is None:
        return None
    first = replace(blueprint, method=starts_from, method_settings={})
    equal = (cell.run for cell in earlier if cell.blueprint == first)
    return next(equal, None) or _run_of(first, data, folder / f"{starts_from}-to-start-from")


def measure(
    cells: Iterable[Cell], data: Data, known: Mapping[str, Score], *, device: str, pace: Callable[[Cell], Pace]
) -> Iterator[Score]:
    """The scores in the order of the cells; trains what is not yet known, by the cell's fingerprint.

    A run that breaks down is a score with its reason.
    """
    for cell in cells:
        if cell.fingerprint in known:
            yield replace(known[cell.fingerprint], pair=cell.pair, method=cell.method, seed=cell.seed)
            continue
        steps, network = cell.blueprint.recipe.steps, cell.blueprint.network
        about = Score(cell.pair, cell.method, cell.seed, cell.fingerprint, network, steps)
        try:
            adapt(cell.blueprint, data, cell.run, device=device, export=False, first=cell.first, pace=pace(cell))
        except RunError as error:
            yield replace(about, failure=str(error))
        else:
            yield _scored(cell, about, data)


def _scored(cell: Cell, about: Score, data: Data) -> Score:
    found = cell.run.read()["results"]["evaluation"]
    return replace(
        about,
        accuracy=found["accuracy"],
        interval=tuple(found["interval"]),
        n=found["n"],
        mean_recall=found["mean_recall"],
        proxy_a_distance=feature_distance(load_run(cell.run)[1], data),
        seconds=round(training_seconds(cell.run), 1),
    )


def read_scores(out: Path) -> dict[str, Score]:
    """What an earlier comparison in `out` has measured, by fingerprint; failures are tried again."""
    path = out / RESULTS
    if not path.exists():
        return {}
    scores = [Score(**{**entry, "interval": _pair(entry["interval"])}) for entry in read_manifest(path)["cells"]]
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


def folder_name(name: str) -> str:
    """A name as a folder: letters, digits and a few signs."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "unnamed"


def _pair(interval: list[float] | None) -> tuple[float, float] | None:
    return None if interval is None else (interval[0], interval[1])
