"""One adaptation from start to end: train, evaluate, export."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.breakdown import scoring_told
from synthda.adapt.candidates import facts_of_checkpoint, keeping
from synthda.adapt.checkpoint import load_checkpoint
from synthda.adapt.configuration import first_blueprint
from synthda.adapt.data import Data, with_classes
from synthda.adapt.export import export_onnx
from synthda.adapt.learnt import write_learnt
from synthda.adapt.model_card.card import write_model_card
from synthda.adapt.preparation import Prepared, prepare
from synthda.adapt.ranks import ALONE, Ranks
from synthda.adapt.results import results_of
from synthda.adapt.run import Run
from synthda.adapt.selection import Selection
from synthda.adapt.train import Pace, train
from synthda.adapt.trained import load_run
from synthda.datasets.domain import content_of, in_memory
from synthda.datasets.lock import alone_in
from synthda.manifest import fingerprint, written_then_named


def adapt(
    blueprint: Blueprint,
    data: Data,
    run: Run,
    *,
    start: Run | None = None,
    begin: Run | None = None,
    device: str = "cpu",
    force: bool = False,
    export: bool = True,
    first: Run | None = None,
    pace: Pace | None = None,
    select: Selection | None = None,
    ranks: Ranks = ALONE,
) -> dict[str, Any]:
    """Train by `blueprint`, or go on with a run of it; choose the checkpoint; evaluate; export.

    Args:
        blueprint: what to train.
        data: what to train it on.
        run: the folder for it.
        device: as torch names it.
        force: discard what is in the folder.
        export: write `model.onnx`.
        start: a finished run of somebody's that the method is to go on from.
        begin: a finished run of any method whose weights the training, or the run that it goes on from, begins with.
        first: without `start`, where the run that the method starts from is, or is to be; in `run` by default.
        pace: how often it is logged and saved.
        select: how the checkpoint is chosen, without labels of the target; None for the last.
        ranks: the processes that train together, each on its `device`; the first alone chooses, scores and writes.

    Returns:
        The run's manifest.

    Raises:
        DataError: when the domains do not fit one another, a class is too small to hold an image out, there is no
            source for a method that learns from it, or another process is training in the folder.
        SettingError: when the method cannot start from `start`, or that has learnt from what is held out; when a batch
            is too small for the sources; when the device does not compute as the recipe asks.
        RunError: when the folder holds another run, training breaks down, or another process is gone.
        KeyboardInterrupt: after Ctrl-C, with the state saved.
    """
    select = select or Selection()
    earlier: dict[str, Any] = {"start": start, "begin": begin, "first": first}
    ready = prepare(blueprint, data, run, **earlier, device=device, force=force, select=select, ranks=ranks)
    data, method, probe = ready.data, ready.method, ready.probe
    ranks.require_alike(fingerprint(ready.configuration), "settings or data")

    def finish() -> None:
        earlier = _results_kept(run, data, ready.configuration)
        results = earlier | results_of(blueprint, data, run, method, select=select, probe=probe, earlier=earlier)
        with written_then_named(run.sample) as partial, partial.open("wb") as file:
            np.save(file, in_memory(data.comparison_images()))
        if export:
            results["parity"] = export_run(run)
        run.finish(results)
        if export:
            write_model_card(run)

    with ExitStack() as held:
        ranks.first(run.refuse_foreign)
        ranks.first(lambda: held.enter_context(alone_in(run.folder)))
        ranks.first(lambda: run.begin(ready.configuration, force=force))
        ranks.first(lambda: write_learnt(run, data.training_sources(blueprint.method), start or begin))
        pace = keeping(pace, run, method.steps(blueprint.recipe), select, probe)
        _train(ready, blueprint, run, device=device, pace=pace, ranks=ranks)
        with scoring_told(torch.device(device)):
            ranks.first(finish)
    return run.read()


def _results_kept(run: Run, data: Data, configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Of a finished run that is scored or exported once more.

    One that has learnt from no target may have been scored beside another one: that score is not kept.
    """
    found: dict[str, Any] = run.read().get("results", {})
    if "target" in configuration["data"]:
        return found
    content = content_of(data.target)
    beside = found.get("target", content) == content
    kept = {name: value for name, value in found.items() if beside or not name.startswith("evaluation")}
    return kept | {"target": content}


def _train(ready: Prepared, blueprint: Blueprint, run: Run, *, device: str, pace: Pace, ranks: Ranks) -> None:
    """Train to the last step, or on to it; of a finished run, load the weights. What it starts from is trained, too."""
    data, method, beginning = ready.data, ready.method, ready.beginning
    if run.finished:
        load_checkpoint(run.checkpoint, method, {}, str(run.read()["fingerprint"]))
        method.to(device)
        return
    plan = first_blueprint(blueprint, method)
    if plan is not None and not run.checkpoint.exists():
        if not ready.first.finished:
            plain_pace = replace(pace, keep=frozenset())
            unscored = replace(data, evaluation=None)
            begin = None if beginning is None else beginning.run
            adapt(plan, unscored, ready.first, begin=begin, device=device, export=False, pace=plain_pace, ranks=ranks)
        method.begin_from(load_run(ready.first)[1])
    elif beginning is not None and not run.checkpoint.exists():
        beginning.give_to(method, blueprint.known_classes)
    sources, few = data.labelled_for(blueprint.method)
    train(
        method,
        [with_classes(source, blueprint.known_classes) for source in sources],
        data.target,
        blueprint.recipe,
        run,
        labelled_target=None if few is None else with_classes(few, blueprint.known_classes),
        seed=blueprint.seed,
        device=device,
        pace=pace,
        ranks=ranks,
    )


def export_run(run: Run, out: Path | None = None) -> dict[str, Any]:
    """Export a run's chosen or last checkpoint to its `model.onnx`, or to `out`; returns the comparison.

    Raises:
        RunError: when the run has no checkpoint, or the exported model disagrees with the trained network.
    """
    blueprint, method = load_run(run)
    images = run.sample_images(blueprint.input_size)
    facts = {
        "method": blueprint.method,
        "network": blueprint.network,
        "seed": blueprint.seed,
        "steps": method.steps(blueprint.recipe),
        "manifest": run.read()["fingerprint"],
        **facts_of_checkpoint(run, method.steps(blueprint.recipe)),
    }
    return export_onnx(method, images, out or run.onnx, classes=blueprint.classes, fit=blueprint.fit, facts=facts)
