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
        norm = torch.linalg.matrix_norm(seen.chances_t, "nuc")
        return {"nuclear_norm": -self.bnm_weight * norm / len(seen.chances_t)}
