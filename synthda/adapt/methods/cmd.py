"""Central moment discrepancy: equal moments up to the fifth (Zellinger et al. 2017, ICLR)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.settings import Between


class CMD(AdditiveMethod):
    """Mean and central moments of source and target coincide in the last layer before the logits.

    Moments need bounded activations: the authors' networks end in a sigmoid, here tanh is taken of the representation.
    After a ReLU that lies in [0, 1), as theirs does.
    """

    revision = 1
    local_statistics = "the moments"

    def __init__(
        self,
        network: Network,
        *,
        cmd_weight: Annotated[float, "of the moments' distance", Between(0)] = 1.0,
        moments: Annotated[int, "how many are aligned", Between(1, 10)] = 5,
    ) -> None:
        super().__init__(network)
        self.cmd_weight = cmd_weight
        self.moments = moments

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        discrepancy = moment_discrepancy(torch.tanh(seen.layers_s[-2]), torch.tanh(seen.layers_t[-2]), self.moments)
        return {"cmd": self.cmd_weight * discrepancy}


def moment_discrepancy(source: Tensor, target: Tensor, moments: int) -> Tensor:
    """‖E_s − E_t‖ + Σ_{k=2} ‖c_k(s) − c_k(t)‖ of rows (n, d): the paper's, where |b − a| of its [a, b] is 1."""
    means = source.mean(dim=0), target.mean(dim=0)
    total = _length(means[0] - means[1])
    centred = source - means[0], target - means[1]
    for k in range(2, moments + 1):
        difference = centred[0].pow(k).mean(dim=0) - centred[1].pow(k).mean(dim=0)
        total = total + _length(difference)
    return total


def _length(vector: Tensor) -> Tensor:
    """Euclidean, with gradient 0 rather than NaN at 0."""
    square = vector.square().sum()
    return torch.where(square > 0, square, 1).sqrt() * (square > 0)
