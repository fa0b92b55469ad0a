"""How long a training will take, from a few steps on random images."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.descent import Descent
from synthda.adapt.feed import Feed
from synthda.adapt.method import Method
from synthda.adapt.precision import computing_in
from synthda.adapt.run import Run
from synthda.adapt.step import Stepper
from synthda.datasets.domain import ArrayImages, Domain

WARM_UP, TIMED = 3, 8
PATIENCE = 4.0
"""Seconds after which no further step is timed."""


def seconds_per_step(blueprint: Blueprint, device: str = "cpu") -> float:
    """Time of one update of a throw-away copy, in seconds, on noise that lies on the device; a second or two to take.

    Its steps are the loop's, views and a CUDA graph included; whole domains are not shown to it. A slow step is timed
    once.
    """
    method, on = blueprint.build(pretrained=False), torch.device(device)
    if method.steps(blueprint.recipe) == 0:
        return 0.0
    with tempfile.TemporaryDirectory() as folder:
        take = _steps_of(method, blueprint, Run(Path(folder) / "run"), on)
        with computing_in(blueprint.recipe.precision, method, on):
            times: list[float] = []
            while len(times) < WARM_UP:
                times.append(_timed(take, 1, on))
                # On a GPU the first step loads libraries and kernels, and captures: it tells nothing.
                if sum(times if on.type == "cpu" else times[1:]) >= PATIENCE:
                    return times[-1]
            count = max(1, min(TIMED, int(PATIENCE / times[-1])))
            return _timed(take, count, on) / count


def _timed(take: Stepper, count: int, device: torch.device) -> float:
    began = time.perf_counter()
    for _ in range(count):
        take(0, 0.5)
    if device.type != "cpu":
        torch.empty(1, device=device).item()  # waits for all that was asked for before
    return time.perf_counter() - began


def _steps_of(method: Method, blueprint: Blueprint, run: Run, device: torch.device) -> Stepper:
    """What takes the steps of a training on noise."""
    recipe, sources = blueprint.recipe, method.source_domains
    recipe = replace(recipe, source_batch=max(recipe.source_batch, sources))
    run.begin({})
    source, target = (_noise(blueprint, count) for count in (recipe.source_batch, recipe.target_batch))
    feed = Feed(method, [source] * sources, target.images, recipe, 0, device)
    method.to(device).to(memory_format=torch.channels_last)
    method.train()
    take = Stepper(method, feed, Descent(method, recipe, run, device), _Unkept(), recipe.graph, device)
    feed.refresh(method, 0)
    return take


def _noise(blueprint: Blueprint, batch: int) -> Domain:
    count, classes = max(batch, 2), len(blueprint.known_classes)
    images: Any = np.random.default_rng(0).integers(256, size=(count, *blueprint.input_size, 3), dtype=np.uint8)
    return Domain(ArrayImages(images), np.arange(count, dtype=np.int64) % classes, blueprint.known_classes)


class _Unkept:
    """Forgets the terms of its steps."""

    def add(self, terms: dict[str, Tensor]) -> None: ...

    def state(self) -> tuple[Tensor, ...]:
        return ()


def readable(seconds: float) -> str:
    """`95` → `1 min 35 s`; of ten minutes and more, whole ones."""
    minutes, rest = divmod(round(seconds), 60)
    minutes, rest = (minutes, rest) if minutes < 10 else (round(seconds / 60), 0)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{value} {unit}" for value, unit in parts if value) or "under 1 s"
