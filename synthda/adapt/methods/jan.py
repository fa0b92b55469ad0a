"""Joint adaptation networks: the discrepancy of features and predictions together (Long et al. 2017, ICML)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.kernels import gaussian, mmd, multi_kernel, squared_distances, uniform
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.adapt.schedules import adaptation_factor
from synthda.settings import Between

PREDICTION_DEVIATION = 0.92
"""σ of the kernel on softmax outputs, as in the authors' code."""


class JAN(AdditiveMethod):
    """Representation and prediction have the same joint distribution in source and target."""

    local_statistics = "the kernel discrepancy"

    def __init__(
        self,
        network: Network,
        *,
        jan_weight: Annotated[float, "of the joint discrepancy", Between(0)] = 1.0,
        gamma: Annotated[float, "steepness of its rise, 2 / (1 + exp(−γp)) − 1", Between(0)] = 10.0,
    ) -> None:
        super().__init__(network)
        self.jan_weight = jan_weight
        self.gamma = gamma

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        representation = torch.cat([seen.layers_s[-2], seen.layers_t[-2]])
        predictions = torch.cat([seen.logits_s.softmax(dim=1), seen.chances_t])
        on_predictions = gaussian(squared_distances(predictions), [PREDICTION_DEVIATION**2])
        # The kernel of a pair is the product of its layers' kernels.
        joint = multi_kernel(representation) * on_predictions
        return {
            "joint_mmd": self.jan_weight
            * adaptation_factor(p, self.gamma)
            * mmd(joint, uniform(seen.logits_s), len(seen.logits_t))
        }
