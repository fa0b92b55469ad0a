"""Batch nuclear-norm maximisation (Cui et al. 2020, CVPR)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.settings import Between


class BNM(AdditiveMethod):
    """The target's predictions are sure and diverse: the nuclear norm of a batch of them is large."""

    eager_because = "the host is asked whether a singular value decomposition has converged"
    local_statistics = "the nuclear norm"

    def __init__(
        self, network: Network, *, bnm_weight: Annotated[float, "of the nuclear norm", Between(0)] = 1.0
    ) -> None:
        super().__init__(network)
        self.bnm_weight = bnm_weight

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        # −‖A‖_* / B
        return {"nuclear_norm": -self.bnm_weight * nuclear_norm(seen.chances_t) / len(seen.chances_t)}


def nuclear_norm(chances: Tensor) -> Tensor:
    """The sum of the singular values of (B, classes)."""
    if not chances.isfinite().all():
        return chances.sum()  # not finite either, for the loop to tell: the decomposition would raise its own error
    norm: Tensor = torch.linalg.matrix_norm(chances, "nuc")
    return norm
