"""The toy problem with four classes, which half is bright, and a model that has learnt three of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.export import export_onnx
from synthda.adapt.rejection import Rejection
from synthda.adapt.run import Run
from synthda.adapt.train import train
from synthda.datasets.domain import UNKNOWN, ArrayImages, Domain

HALVES = ("left", "upper", "right", "lower")
SETTINGS = {"width": "8", "source_batch": "32", "target_batch": "32", "learning_rate": "0.01", "schedule": "constant"}


def halves(n: int, *, seed: int = 0, known: int = 4, target: bool = False) -> Domain:
    """n labelled images of the first `known` classes, 16×16; those of the target are darker and tinted."""
    rng = np.random.default_rng([seed, target])
    labels = rng.integers(known, size=n)
    bright = np.zeros((4, 16, 16, 1))
    bright[0, :, :8], bright[1, :8], bright[2, :, 8:], bright[3, 8:] = 1, 1, 1, 1
    tint = np.array([0.8, 0.7, 0.6]) if target else np.ones(3)
    images = 40 + (120 * bright[labels] + rng.integers(0, 60, (n, 16, 16, 1))) * tint
    return Domain(ArrayImages(images.astype(np.uint8)), labels, HALVES[:known], name="halves")


def halves_model(folder: Path, *, rejection: Rejection | None = None, **more: Any) -> Path:
    """A run's model.onnx that knows three halves, with sample.npy beside it; with `rejection`, `unknown` too."""
    texts = SETTINGS | {"source_view": "none"}
    plan = Blueprint.of("dann", "conv-small", HALVES[:3], given=texts, input_size=(16, 16), steps=120, **more)
    if rejection is not None:
        plan = replace(plan, classes=(*plan.classes, UNKNOWN), calibrates_unknown=True)
    run, method = Run(folder), plan.build()
    run.begin({"blueprint": plan.as_dict()})
    target = halves(256, known=3, target=True).images
    train(method, [halves(256, known=3)], target, plan.recipe, run, seed=0)
    if rejection is not None:
        rejection.apply_to(method)
    assert isinstance(target, ArrayImages)
    np.save(run.sample, target.array)
    export_onnx(method, target, run.onnx, classes=plan.classes, fit="stretch", facts={})
    return run.onnx
