"""Quantities that follow training progress p, 0 → 1: pure functions of the step, so that a resumed run is the same."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

Schedule = Literal["ganin", "constant", "cosine", "adamatch"]


def adaptation_factor(p: Tensor, gamma: float = 10.0) -> Tensor:
    """λ_p = 2 / (1 + exp(−γp)) − 1, from 0 to nearly 1 (Ganin et al. 2016, §5.2.2)."""
    return 2.0 / (1.0 + torch.exp(-gamma * p)) - 1.0


def learning_rate_factor(p: float, schedule: Schedule) -> float:
    """What the base learning rate is multiplied by at progress p.

    `ganin` is μ_p / μ_0 = 1 / (1 + 10p)^0.75 (Ganin et al. 2016, §5.2.2); `cosine` falls from 1 to 0;
    `adamatch` is cos(p · arccos ¼), from 1 to ¼, slowly at first (Berthelot et al. 2022: the authors' code).
    """
    if schedule == "ganin":
        return float((1.0 + 10.0 * p) ** -0.75)
    if schedule == "cosine":
        return 0.5 * (1.0 + math.cos(math.pi * p))
    if schedule == "adamatch":
        return math.cos(p * math.acos(0.25))
    return 1.0
