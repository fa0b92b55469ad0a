"""Deep adaptation networks: multi-kernel discrepancy of several layers (Long et al. 2015, ICML)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.kernels import mmd, multi_kernel, uniform
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.adapt.schedules import adaptation_factor
from synthda.settings import Between


class DAN(AdditiveMethod):
    """Source and target coincide in every layer from the features to the logits, in all their moments.

    The discrepancy is the quadratic one, which is 0 for equal batches; the paper's is estimated in linear time.
    """

    local_statistics = "the kernel discrepancy"

    def __init__(
        self,
        network: Network,
        *,
        dan_weight: Annotated[float, "of the discrepancy", Between(0)] = 1.0,
        gamma: Annotated[float, "steepness of its rise, 2 / (1 + exp(−γp)) − 1", Between(0)] = 10.0,
    ) -> None:
        super().__init__(network)
        self.dan_weight = dan_weight
        self.gamma = gamma

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        # λ · Σ_layers d_k²(D_s, D_t), with Gaussian kernels of σ² = 2^k · mean squared distance.
        discrepancies = [
            mmd(multi_kernel(torch.cat([source, target])), uniform(source), len(target))
            for source, target in zip(seen.layers_s, seen.layers_t, strict=True)
        ]
        return {"mmd": self.dan_weight * adaptation_factor(p, self.gamma) * torch.stack(discrepancies).sum()}
