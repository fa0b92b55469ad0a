"""How long a training will take, from a few steps on random images."""

from __future__ import annotations

import time

import torch

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.method import Batch

WARM_UP, TIMED = 3, 8
PATIENCE = 4.0
"""Seconds after which no further step is timed."""


def seconds_per_step(blueprint: Blueprint, device: str = "cpu") -> float:
    """Time of one update of a throw-away copy, in seconds; a second or two of work, or a single slow step."""
    method = blueprint.build(pretrained=False).to(device).to(memory_format=torch.channels_last)
    method.train()
    recipe = blueprint.recipe
    optimizers = method.optimizers(recipe)

    def images(count: int) -> torch.Tensor:
        return torch.rand(count, 3, *blueprint.input_size, device=device).contiguous(memory_format=torch.channels_last)

    views = max(1, len(method.target_views))
    index = torch.zeros(recipe.source_batch, dtype=torch.int64, device=device)
    batch = Batch(
        source=(images(recipe.source_batch),),
        source_labels=index,
        source_domain=index,
        source_index=index,
        target=tuple(images(recipe.target_batch) for _ in range(views)) if method.uses_target else (),
        target_index=torch.zeros(recipe.target_batch, dtype=torch.int64, device=device),
    )

    def descend(loss: torch.Tensor, *names: str) -> None:
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in optimizers.values():
            optimizer.step()
            optimizer.zero_grad()

    p = torch.full((), 0.5, device=device)
    times: list[float] = []
    while len(times) < WARM_UP + TIMED and sum(times) < PATIENCE:
        began = time.perf_counter()
        for term in method.step(batch, p, descend).values():
            term.item()
        times.append(time.perf_counter() - began)
    timed = times[WARM_UP:] or times[-1:]
    return sum(timed) / len(timed)


def readable(seconds: float) -> str:
    """`95` → `1 min 35 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{value} {unit}" for value, unit in parts if value) or "under 1 s"
