"""One adaptation from start to end: train, evaluate, export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from synthda.adapt.beginning import Beginning
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.candidates import facts_of_checkpoint, keeping
from synthda.adapt.checkpoint import load_checkpoint
from synthda.adapt.configuration import (
    check_not_learnt,
    check_not_scored,
    configuration_of,
    first_blueprint,
    refuse_to_discard,
)
from synthda.adapt.data import Data, with_classes
from synthda.adapt.export import export_onnx
from synthda.adapt.feed import check_enough, check_sources
from synthda.adapt.hold_out import hold_out
from synthda.adapt.method import Method
from synthda.adapt.model_card.card import write_model_card
from synthda.adapt.ranks import ALONE, Ranks
from synthda.adapt.results import results_of
from synthda.adapt.run import Run
from synthda.adapt.selection import Selection
from synthda.adapt.selection.validation import Probe
from synthda.adapt.step import check_arithmetic
from synthda.adapt.train import Pace, train
from synthda.adapt.trained import check_start, load_run
from synthda.datasets.domain import in_memory, labels_by_name
from synthda.errors import DataError, SettingError
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
        DataError: when the domains do not fit one another, a class is too small to hold an image out, or there is no
            source for a method that learns from it.
        SettingError: when the method cannot start from `start`, or that has learnt from what is held out; when a batch
            is too small for the sources; when the device does not compute as the recipe asks.
        RunError: when the folder holds another run, training breaks down, or another process is gone.
        KeyboardInterrupt: after Ctrl-C, with the state saved.
    """
    select = select or Selection()
    if force:
        earlier = {"--start": start, "--from": begin}
        refuse_to_discard({name: found.folder for name, found in earlier.items() if found is not None}, run.folder)
    data, held_out = hold_out(data, blueprint.method, blueprint.classes, select.share, seed=blueprint.seed)
    probe = Probe.of(data.target, held_out)
    # Before the folder is claimed: data or weights that are missing or do not fit leave no trace.
    from_nothing = start is None and begin is None and (force or not run.checkpoint.exists())
    method = blueprint.build(pretrained=from_nothing)
    beginning = None if begin is None else Beginning(begin, *load_run(begin))
    goes_on_from = start or first or run.first
    stays = not force or not goes_on_from.folder.resolve().is_relative_to(run.folder.resolve())
    configuration = _checked(
        blueprint,
        data,
        method,
        start=start,
        beginning=beginning,
        resumed=(not force and run.checkpoint.exists()) or (stays and goes_on_from.finished),
        holds_out=held_out is not None,
        device=device,
        ranks=ranks,
    )
    ranks.require_alike(fingerprint(configuration), "settings or data")
    ranks.first(lambda: run.begin(configuration, force=force))
    pace = keeping(pace, run, method.steps(blueprint.recipe), select, probe)
    _train(method, blueprint, data, run, goes_on_from, beginning=beginning, device=device, pace=pace, ranks=ranks)

    def finish() -> None:
        earlier = run.read().get("results", {})  # of a finished run that is scored or exported once more
        results = earlier | results_of(blueprint, data, run, method, select=select, probe=probe)
        with written_then_named(run.sample) as partial, partial.open("wb") as file:
            np.save(file, in_memory(data.comparison_images()))
        if export:
            results["parity"] = export_run(run)
        run.finish(results)
        if export:
            write_model_card(run)

    ranks.first(finish)
    return run.read()


def _checked(
    blueprint: Blueprint,
    data: Data,
    method: Method,
    *,
    start: Run | None,
    beginning: Beginning | None,
    resumed: bool,
    holds_out: bool,
    device: str,
    ranks: Ranks,
) -> dict[str, Any]:
    """What the folder is to be claimed for, once nothing is left that could be wrong; raises as `adapt`."""
    begin = None if beginning is None else beginning.run
    given = {"start": start, "begin": begin}
    check_before(blueprint, data, method, **given, resumed=resumed, processes=ranks.size, device=device)
    if beginning is not None:
        beginning.check(blueprint, start)
    if blueprint.calibrates_unknown and not holds_out:
        raise SettingError("--unknown is calibrated on held-out source images; give --hold-out a share, such as 0.1.")
    configuration = configuration_of(blueprint, data, start, ranks.size, begin=begin)
    if start is not None and holds_out:
        check_not_learnt(start, configuration)
    if beginning is not None and holds_out:
        beginning.check_not_learnt(configuration)
    return configuration


def check_before(
    blueprint: Blueprint,
    data: Data,
    method: Method,
    *,
    start: Run | None = None,
    begin: Run | None = None,
    resumed: bool = False,
    processes: int = 1,
    device: str | None = None,
) -> None:
    """Whether all fits together, and what `method` starts from, too: before the folder is claimed, and in a dry run.

    A run that is `resumed` from its own checkpoint, or goes on from one that is there, needs nothing that it started
    from. Without a `device`, whether that computes as the recipe asks is left to the training.

    Raises:
        DataError: as `check_data`.
        SettingError: as `check_data`; when the device does not compute as the recipe asks, the method cannot start from
            `start`, or `start` or `begin` has learnt from what evaluates.
    """
    check_data(blueprint, data, method, processes)
    if device is not None:
        check_arithmetic(blueprint.recipe, method, device)
    if start is not None:
        check_start(start, blueprint, method)
    for earlier in (start, begin):
        if earlier is not None and earlier.finished:
            check_not_scored(data, earlier)
    first = first_blueprint(blueprint, method) if start is None and not resumed else None
    if first is not None:
        unscored = replace(data, evaluation=None)
        check_before(first, unscored, first.build(pretrained=False), processes=processes, device=device)


def check_data(blueprint: Blueprint, data: Data, method: Method, processes: int = 1) -> None:
    """Whether `method`, built by `blueprint`, can learn from the data and be scored on it: before any training.

    Raises:
        DataError: when a domain that it needs is missing or has classes that do not fit, or there is only one class.
        SettingError: when its settings do not fit the number of sources, or of processes.
    """
    if len(blueprint.known_classes) < 2:
        raise DataError(
            f"The sources have one class ({', '.join(blueprint.known_classes)}); a classifier needs two or more. Give "
            "--source a folder with one sub-folder per class, not a folder above it."
        )
    sources = data.training_sources(blueprint.method)
    for source in (*sources, *([data.oracle] if data.oracle is not None else [])):
        with_classes(source, blueprint.known_classes)
    if data.evaluation is not None:
        labels_by_name(data.evaluation, blueprint.classes)
    if method.uses_source and not data.sources:
        raise DataError(f"{blueprint.method} learns from labelled source images too; give them with --source.")
    check_sources(method, blueprint.recipe, len(sources), processes)
    check_enough(method, [len(source) for source in sources], data.target.shape[0], processes)


def _train(
    method: Method,
    blueprint: Blueprint,
    data: Data,
    run: Run,
    first: Run,
    *,
    beginning: Beginning | None,
    device: str,
    pace: Pace,
    ranks: Ranks,
) -> None:
    """Train to the last step, or on to it; of a finished run, load the weights. `first` is trained where missing."""
    if run.finished:
        load_checkpoint(run.checkpoint, method, {}, str(run.read()["fingerprint"]))
        return
    plan = first_blueprint(blueprint, method)
    if plan is not None and not run.checkpoint.exists():
        if not first.finished:
            plain_pace = replace(pace, keep=frozenset())
            unscored = replace(data, evaluation=None)
            begin = None if beginning is None else beginning.run
            adapt(plan, unscored, first, begin=begin, device=device, export=False, pace=plain_pace, ranks=ranks)
        method.begin_from(load_run(first)[1])
    elif beginning is not None and not run.checkpoint.exists():
        beginning.give_to(method, blueprint.known_classes)
    sources = [with_classes(source, blueprint.known_classes) for source in data.training_sources(blueprint.method)]
    recipe, seed = blueprint.recipe, blueprint.seed
    train(method, sources, data.target, recipe, run, seed=seed, device=device, pace=pace, ranks=ranks)


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
