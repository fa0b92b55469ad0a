"""Adaptive feature norm, stepwise (Xu et al. 2019, ICCV)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.settings import Between


class AFN(AdditiveMethod):
    """Features of both domains grow by a step at a time: the target's are too short to transfer well."""

    def __init__(
        self,
        network: Network,
        *,
        afn_weight: Annotated[float, "of the step", Between(0)] = 0.05,
        afn_step: Annotated[float, "Δr, by which norms are to grow", Between(0)] = 1.0,
    ) -> None:
        super().__init__(network)
        self.afn_weight = afn_weight
        self.afn_step = afn_step

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        # (‖h(x)‖ − (‖h(x)‖ before + Δr))², in each domain
        grown = torch.stack([step_loss(layers[-2], self.afn_step) for layers in (seen.layers_s, seen.layers_t)])
        return {"feature_norm": self.afn_weight * grown.sum()}


def step_loss(features: Tensor, step: float) -> Tensor:
    """Mean of (‖h‖ − (‖h‖ held constant + Δr))² over rows (n, d)."""
    lengths = features.square().sum(dim=1).clamp_min(1e-12).sqrt()
    return (lengths - (lengths.detach() + step)).square().mean()
