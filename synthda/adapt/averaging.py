"""A network that is an average over another's past: the mean teacher (Tarvainen & Valpola 2017, NeurIPS)."""

from __future__ import annotations

import torch

from synthda.adapt.network import Network


@torch.no_grad()
def follow(average: Network, learnt: Network, *, kept: float, buffers: bool) -> None:
    """One step of the average towards the network, θ̄ ← kept · θ̄ + (1 − kept) · θ.

    Args:
        average, learnt: of the same architecture.
        kept: share of the average's weights that stay.
        buffers: whether the average takes the network's buffers as they are, among them batch norm's running
            statistics, which are an average already; else it keeps its own, of what passes through itself.
    """
    for averaged, weight in zip(average.parameters(), learnt.parameters(), strict=True):
        averaged.lerp_(weight, 1 - kept)
    if buffers:
        for own, other in zip(average.buffers(), learnt.buffers(), strict=True):
            own.copy_(other)
