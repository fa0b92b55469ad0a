"""A problem small enough for tests: which half of a 16×16 image is bright; the target is darker and tinted."""

from __future__ import annotations

import json
import signal
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.method import Method
from synthda.adapt.methods import METHODS
from synthda.adapt.metrics_log import TIMES, Entry
from synthda.adapt.run import Run
from synthda.adapt.train import Pace, train
from synthda.datasets.domain import ArrayImages, Domain
from synthda.settings import load

torch.set_num_threads(1)

CLASSES = ("left", "upper")
SETTINGS = {
    "width": "4",
    "source_batch": "16",
    "target_batch": "12",
    "learning_rate": "0.01",
    "schedule": "constant",
    "source_view": "none",  # in negatives, the bright half is the other one
}


def domain(n: int = 64, *, seed: int = 0, target: bool = False, name: str = "toy") -> Domain:
    """n labelled images, every one different."""
    rng = np.random.default_rng([seed, target])
    labels = rng.integers(2, size=n)
    bright = np.zeros((2, 16, 16, 1))
    bright[0, :, :8], bright[1, :8] = 1, 1
    tint = np.array([0.7, 0.5, 0.3]) if target else np.ones(3)
    images = 40 + (120 * bright[labels] + rng.integers(0, 60, (n, 16, 16, 1))) * tint
    return Domain(ArrayImages(images.astype(np.uint8)), labels, CLASSES, name=name)


def blueprint(method: str = "dann", *, steps: int = 6, seed: int = 0, **given: object) -> Blueprint:
    needed = {"norm": "batch"} if method == "adabn" else {}
    texts = SETTINGS | needed | {name: str(value) for name, value in given.items()}
    return Blueprint.of(method, "conv-small", CLASSES, given=texts, input_size=(16, 16), seed=seed, steps=steps)


def views_beside_own(method: str, **views: str) -> dict[str, str]:
    """Of the views to train on, those that the method does not compare itself."""
    made = load("method", method, METHODS)
    return {setting: view for setting, view in views.items() if not getattr(made, f"{setting}s")}


def stopping_after(step: int) -> Pace:
    """Ctrl-C is pressed when this step has been logged."""

    def act(entry: Entry) -> None:
        if entry["step"] == step:
            signal.raise_signal(signal.SIGINT)

    return Pace(log_every=1, on_log=act)


def build(plan: Blueprint) -> Method:
    """The untrained method; of one that starts from another, after that has learnt the toy problem."""
    built = plan.build()
    if built.starts_from:
        recipe = replace(plan.recipe, steps=60, learning_rate=0.03)
        first = replace(plan, method=built.starts_from, method_settings=dict(built.start_settings), recipe=recipe)
        built.begin_from(_first(json.dumps(first.as_dict())))
    return built


@cache
def _first(plan: str) -> Method:
    """What a blueprint trains, once for all that start from it."""
    with tempfile.TemporaryDirectory() as folder:
        return train_toy(Blueprint.from_dict(json.loads(plan)), Run(Path(folder) / "run"))


def train_toy(plan: Blueprint, run: Run, *, pace: Pace | None = None, method: Method | None = None) -> Method:
    """Claim the run for the blueprint and train, or go on; the trained method."""
    run.begin({"blueprint": plan.as_dict()})
    built = method or build(plan)
    sources, target = [domain()], domain(target=True).images
    train(built, sources, target, plan.recipe, run, seed=plan.seed, pace=pace or Pace(log_every=1))
    return built


def weights(method: Method) -> dict[str, Tensor]:
    """Copies of all parameters and buffers."""
    return {name: value.detach().clone() for name, value in method.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Whether every bit is equal."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def logged(run: Run) -> list[dict[str, Any]]:
    """The lines of the run's log, without the times."""
    lines = [json.loads(line) for line in run.metrics.read_text(encoding="utf-8").splitlines()]
    return [{name: value for name, value in line.items() if name not in TIMES} for line in lines]


def save_images(folder: Path, images: np.ndarray[Any, np.dtype[np.uint8]], stem: str = "") -> None:
    """PNG files, numbered."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{stem}{number:03}.png")
