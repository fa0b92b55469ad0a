"""One adaptation from start to end: train, evaluate, export; and its baselines beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.checkpoint import load_checkpoint
from synthda.adapt.evaluate import Evaluation, evaluate
from synthda.adapt.export import LEAST_IMAGES, export_onnx
from synthda.adapt.infer import probabilities
from synthda.adapt.method import Method
from synthda.adapt.run import Run
from synthda.adapt.train import Pace, train
from synthda.datasets.domain import ArrayImages, Domain, Images, in_blocks, in_memory, labels_by_name
from synthda.datasets.resize import Fit
from synthda.errors import DataError, RunError
from synthda.manifest import write_json

ORACLE = "train-on-target"
FLOOR = "source-only"


@dataclass(frozen=True, kw_only=True)
class Data:
    """The domains of one adaptation, all at the network's input size.

    Attributes:
        sources: labelled; their union of class names becomes the classifier's.
        target: unlabelled images: no field for their labels.
        evaluation: labelled, read after training only.
        labelled_target: labelled target photographs for the oracle, none of them among `evaluation`.
    """

    sources: tuple[Domain, ...]
    target: Images
    evaluation: Domain | None = None
    labelled_target: Domain | None = None
    target_name: str = "target"

    def identity(self, method: str) -> dict[str, Any]:
        """What the weights depend on: name, size and content hash of each domain that `method` reads."""
        read = {"sources": [_identity(source.images, source.name) for source in self.training_sources(method)]}
        return read if method in (FLOOR, ORACLE) else read | {"target": _identity(self.target, self.target_name)}

    def training_sources(self, method: str) -> tuple[Domain, ...]:
        """The labelled domains that `method` trains on: for the oracle, the labelled target photographs.

        Raises:
            DataError: when the oracle is asked for without labelled target photographs.
        """
        if method != ORACLE:
            return self.sources
        if self.labelled_target is None:
            raise DataError("train-on-target needs labelled target photographs; give them with --labelled-target.")
        return (self.labelled_target,)


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
    run.begin({"blueprint": blueprint.as_dict(), "data": data.identity(blueprint.method)}, force=force)
    method = blueprint.build()
    if run.finished:
        load_checkpoint(run.checkpoint, method, {}, str(run.read()["fingerprint"]))
    else:
        train(method, sources, data.target, blueprint.recipe, run, seed=blueprint.seed, device=device, pace=pace)
    results: dict[str, Any] = {"checkpoint": "last", "steps": blueprint.recipe.steps}
    if data.evaluation is not None:
        scored = score(method, data.evaluation, blueprint.classes)
        results["evaluation"] = {"data": data.evaluation.name} | scored.as_dict()
        write_json(run.evaluation, results["evaluation"])
    if export:
        results["parity"] = export_run(run, blueprint, method, comparison_images(data))
    run.finish(results)
    return run.read()


def score(method: Method, domain: Domain, classes: tuple[str, ...]) -> Evaluation:
    """The score of a trained method on a labelled domain; labels are matched by class name."""
    return evaluate(probabilities(method, domain.images), labels_by_name(domain, classes), classes)


def load_run(run: Run) -> tuple[Blueprint, Method]:
    """A run's blueprint and its method with the weights of the last checkpoint, ready to predict.

    Raises:
        RunError: when the folder holds no run, or its checkpoint is missing or damaged.
    """
    manifest = run.read()
    if manifest.get("kind") != "run" or "blueprint" not in manifest.get("configuration", {}):
        raise RunError(f"{run.folder} holds no run of synthda adapt; give the folder that --out named.")
    blueprint = Blueprint.from_dict(manifest["configuration"]["blueprint"])
    method = blueprint.build()
    load_checkpoint(run.checkpoint, method, {}, str(manifest["fingerprint"]))
    method.eval()
    return blueprint, method


def export_run(
    run: Run, blueprint: Blueprint, method: Method, images: Images, out: Path | None = None
) -> dict[str, Any]:
    """Export to `model.onnx` of the run, or to `out`, compared on `images`; returns the comparison."""
    facts = {
        "method": blueprint.method,
        "network": blueprint.network,
        "seed": blueprint.seed,
        "steps": blueprint.recipe.steps,
        "manifest": run.read()["fingerprint"],
    }
    return export_onnx(
        method, images, out or run.onnx, classes=blueprint.classes, fit=blueprint.fit, facts=facts
    )


def comparison_images(data: Data, least: int = LEAST_IMAGES) -> Images:
    """Target and then source images, at least `least` of them, to compare an export on."""
    import numpy as np

    parts = [data.target, *(source.images for source in data.sources)]
    taken, found = [], 0
    for images in parts:
        rows = np.arange(min(images.shape[0], 2 * least - found), dtype=np.int64)
        taken.append(images.read(rows))
        found += len(rows)
    pool = np.concatenate(taken)
    return ArrayImages(np.resize(pool, (max(least, len(pool)), *pool.shape[1:])))


def with_classes(domain: Domain, classes: tuple[str, ...]) -> Domain:
    """The domain with its labels counted by `classes`."""
    if not domain.labelled:
        raise DataError(
            f"{domain.name or 'The source'} has images without a label; a source is a folder with one sub-folder per "
            "class, shards, or a named data set."
        )
    return replace(domain, labels=labels_by_name(domain, classes), classes=classes)


def _identity(images: Images, name: str) -> dict[str, Any]:
    digest = hashlib.blake2b(digest_size=16)
    for block in in_blocks(images):
        digest.update(block.tobytes())
    return {"name": name, "images": images.shape[0], "content": digest.hexdigest()}
