"""One adaptation from start to end: train, evaluate, export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.checkpoint import load_checkpoint
from synthda.adapt.data import Data, with_classes
from synthda.adapt.evaluate import Evaluation, evaluate
from synthda.adapt.export import export_onnx
from synthda.adapt.infer import probabilities
from synthda.adapt.method import Method
from synthda.adapt.run import Run
from synthda.adapt.train import Pace, train
from synthda.datasets.domain import ArrayImages, Domain, in_memory, labels_by_name
from synthda.errors import RunError
from synthda.manifest import write_json, written_then_named


def adapt(
    blueprint: Blueprint,
    data: Data,
    run: Run,
    *,
    device: str = "cpu",
    force: bool = False,
    export: bool = True,
    pace: Pace | None = None,
) -> dict[str, Any]:
    """Train by `blueprint`, or go on with a run of it; evaluate; export. Returns the run's manifest.

    Raises:
        DataError: when the domains do not fit one another.
        RunError: when the folder holds another run, or training breaks down.
        KeyboardInterrupt: after Ctrl-C, with the state saved.
    """
    sources = [with_classes(source, blueprint.classes) for source in data.training_sources(blueprint.method)]
    if data.evaluation is not None:
        labels_by_name(data.evaluation, blueprint.classes)  # a class that does not fit is told before the training
    # Before the folder is claimed: weights that are missing or do not fit leave no trace.
    method = blueprint.build(pretrained=force or not run.checkpoint.exists())
    inputs = {"inputs": dict(method.network.inputs)} if method.network.inputs else {}
    identity = {"blueprint": blueprint.as_dict(), "data": data.identity(blueprint.method)}
    run.begin(identity | inputs, force=force)
    if run.finished:
        load_checkpoint(run.checkpoint, method, {}, str(run.read()["fingerprint"]))
    else:
        if method.starts_from and not run.checkpoint.exists():
            method.begin_from(_first_run(blueprint, method.starts_from, data, run, device=device, pace=pace))
        train(method, sources, data.target, blueprint.recipe, run, seed=blueprint.seed, device=device, pace=pace)
    earlier = run.read().get("results", {})  # of a finished run that is scored or exported once more
    results: dict[str, Any] = earlier | {"checkpoint": "last", "steps": blueprint.recipe.steps}
    if data.evaluation is not None:
        scored = score(method, data.evaluation, blueprint.classes)
        results["evaluation"] = {"data": data.evaluation.name} | scored.as_dict()
        write_json(run.evaluation, results["evaluation"])
    with written_then_named(run.sample) as partial, partial.open("wb") as file:
        np.save(file, in_memory(data.comparison_images()))
    if export:
        results["parity"] = export_run(run)
    run.finish(results)
    return run.read()


def _first_run(
    blueprint: Blueprint, starts_from: str, data: Data, run: Run, *, device: str, pace: Pace | None
) -> Method:
    """The trained method that another one starts from: same network, recipe, seed and data; trained where missing."""
    first = replace(blueprint, method=starts_from, method_settings={})
    adapt(first, replace(data, evaluation=None), run.first, device=device, export=False, pace=pace)
    return load_run(run.first)[1]


def score(
    method: Method, domain: Domain, classes: tuple[str, ...], *, groups: NDArray[np.int64] | None = None
) -> Evaluation:
    """The score of a trained method on a labelled domain; labels are matched by class name, `groups` as in evaluate."""
    return evaluate(probabilities(method, domain.images), labels_by_name(domain, classes), classes, groups=groups)


def load_run(run: Run) -> tuple[Blueprint, Method]:
    """A run's blueprint and its method with the weights of the last checkpoint, ready to predict.

    Raises:
        RunError: when the folder holds no run, or its checkpoint is missing or damaged.
    """
    manifest = run.read()
    if manifest.get("kind") != "run":
        raise RunError(f"{run.folder} holds no run of synthda adapt; give the folder that --out named.")
    try:
        blueprint = Blueprint.from_dict(manifest["configuration"]["blueprint"])
        claimed = str(manifest["fingerprint"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"The manifest in {run.folder} is incomplete or damaged ({error}); train again.") from error
    method = blueprint.build(pretrained=False)
    load_checkpoint(run.checkpoint, method, {}, claimed)
    method.eval()
    return blueprint, method


def export_run(run: Run, out: Path | None = None) -> dict[str, Any]:
    """Export a run's last checkpoint to its `model.onnx`, or to `out`; returns the comparison with the network.

    Raises:
        RunError: when the run has no checkpoint, or the exported model disagrees with the trained network.
    """
    blueprint, method = load_run(run)
    if not run.sample.exists():
        raise RunError(f"{run.sample} is missing, on which an export is compared; run synthda adapt again.")
    try:
        images = ArrayImages(np.load(run.sample, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise RunError(f"{run.sample} is damaged ({error}); remove it and run synthda adapt again.") from error
    facts = {
        "method": blueprint.method,
        "network": blueprint.network,
        "seed": blueprint.seed,
        "steps": blueprint.recipe.steps,
        "manifest": run.read()["fingerprint"],
    }
    return export_onnx(method, images, out or run.onnx, classes=blueprint.classes, fit=blueprint.fit, facts=facts)
