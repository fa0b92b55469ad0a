"""How long a training will take, from a few steps on random images."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.method import Batch, Method
from synthda.adapt.precision import computing_in
from synthda.adapt.views import View

WARM_UP, TIMED = 3, 8
PATIENCE = 4.0
"""Seconds after which no further step is timed."""


def seconds_per_step(blueprint: Blueprint, device: str = "cpu") -> float:
    """Time of one update of a throw-away copy, in seconds, without refreshes; a second or two, or one slow step."""
    method = blueprint.build(pretrained=False).to(device).to(memory_format=torch.channels_last)
    method.train()
    recipe = blueprint.recipe
    optimizers = method.optimizers(recipe)
    if method.steps(recipe) == 0:
        return 0.0
    batch = _random_batch(method, blueprint, device)
    if method.refresh_every:
        with torch.no_grad():
            method.refresh((), batch.target)

    def descend(loss: torch.Tensor, *names: str) -> None:
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in optimizers.values():
            optimizer.step()
            optimizer.zero_grad()

    p = torch.full((), 0.5, device=device)
    times: list[float] = []
    while not enough(times, torch.device(device)):
        began = time.perf_counter()
        with computing_in(recipe.precision, method, device):
            for term in method.step(batch, p, descend).values():
                term.item()
        times.append(time.perf_counter() - began)
    timed = times[WARM_UP:] or times[-1:]
    return sum(timed) / len(timed)


def enough(times: Sequence[float], device: torch.device) -> bool:
    """Whether no further step is to be timed. On a GPU the first one loads libraries and kernels, and tells nothing."""
    counted = times if device.type == "cpu" else times[1:]
    return len(times) >= WARM_UP + TIMED or sum(counted) >= PATIENCE


def _random_batch(method: Method, blueprint: Blueprint, device: str) -> Batch:
    """Noise in as many views as the method compares, for every row the first."""

    def images(used: bool, count: int, views: tuple[View, ...]) -> tuple[torch.Tensor, ...]:
        shape = (count, 3, *blueprint.input_size)
        drawn = (torch.rand(shape, device=device) for _ in views or ("none",)) if used else ()
        return tuple(each.contiguous(memory_format=torch.channels_last) for each in drawn)

    recipe = blueprint.recipe
    index = torch.zeros(recipe.source_batch if method.uses_source else 0, dtype=torch.int64, device=device)
    return Batch(
        source=images(method.uses_source, recipe.source_batch, method.source_views),
        source_labels=index,
        source_domain=index,
        source_index=index,
        target=images(method.uses_target, recipe.target_batch, method.target_views),
        target_index=torch.zeros(recipe.target_batch, dtype=torch.int64, device=device),
    )


def readable(seconds: float) -> str:
    """`95` → `1 min 35 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{value} {unit}" for value, unit in parts if value) or "under 1 s"
