"""Deep transfer metric learning (Hu et al. 2015, CVPR)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.kernels import squared_distances
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.settings import Between


class DTML(AdditiveMethod):
    """Near neighbours in the source lie close when of one class and far when not; source and target have equal means.

    The paper learns the metric alone and compares faces by it. The label loss beside it, which gives a label
    predictor, is ours. Distances are of tanh of the last layer before the logits, for the paper's networks end in
    tanh: in unbounded features the separation would have no bottom.
    """

    revision = 1
    local_statistics = "near neighbours, and the means of both domains"

    def __init__(
        self,
        network: Network,
        *,
        dtml_weight: Annotated[float, "of the whole", Between(0)] = 0.1,
        separation: Annotated[float, "α, of the distances between classes", Between(0)] = 0.1,
        alignment: Annotated[float, "β, of the squared distance of the means", Between(0)] = 10.0,
        neighbours_within: Annotated[int, "k₁, nearest images of the same class", Between(1)] = 5,
        neighbours_between: Annotated[int, "k₂, nearest images of other classes", Between(1)] = 10,
    ) -> None:
        super().__init__(network)
        self.dtml_weight = dtml_weight
        self.separation = separation
        self.alignment = alignment
        self.neighbours_within = neighbours_within
        self.neighbours_between = neighbours_between

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        source, target = torch.tanh(seen.layers_s[-2]), torch.tanh(seen.layers_t[-2])
        distances = squared_distances(source)
        same = seen.labels[:, None] == seen.labels[None]
        others = ~torch.eye(len(source), dtype=torch.bool, device=source.device)
        # S_c − α S_b + β ‖mean h(x_s) − mean h(x_t)‖²
        within = nearest(distances, same & others, self.neighbours_within)
        between = nearest(distances, ~same, self.neighbours_between)
        means = (source.mean(dim=0) - target.mean(dim=0)).square().sum()
        return {
            "within_classes": self.dtml_weight * within,
            "between_classes": -self.dtml_weight * self.separation * between,
            "mean_discrepancy": self.dtml_weight * self.alignment * means,
        }


def nearest(distances: Tensor, eligible: Tensor, k: int) -> Tensor:
    """Mean distance of rows from those of their k nearest that are eligible, of all there are; 0 where there is none.

    Args:
        distances: (n, n).
        eligible: (n, n) bool; a row with fewer than k such neighbours counts with those.
        k: how many neighbours of each row count.
    """
    found = distances.masked_fill(~eligible, torch.inf).topk(min(k, len(distances)), largest=False).values
    there = found.isfinite()
    return torch.where(there, found, 0).sum() / there.sum().clamp_min(1)
