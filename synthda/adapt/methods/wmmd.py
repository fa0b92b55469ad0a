"""Weighted maximum mean discrepancy: class weights against unequal class shares (Yan et al. 2017, CVPR)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.kernels import mmd, multi_kernel
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.adapt.schedules import adaptation_factor
from synthda.settings import Between


class WMMD(AdditiveMethod):
    """DAN in which a source image counts by how frequent its class seems to be in the target.

    The target's shares are the means of the batch's predictions; the paper counts pseudo-labels between updates.
    """

    local_statistics = "the kernel discrepancy, and the shares of the classes"

    def __init__(
        self,
        network: Network,
        *,
        wmmd_weight: Annotated[float, "of the discrepancy", Between(0)] = 1.0,
        target_weight: Annotated[float, "of the cross-entropy on the target's pseudo-labels", Between(0)] = 0.1,
        gamma: Annotated[float, "steepness of their rise, 2 / (1 + exp(−γp)) − 1", Between(0)] = 10.0,
    ) -> None:
        super().__init__(network)
        self.wmmd_weight = wmmd_weight
        self.target_weight = target_weight
        self.gamma = gamma

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        rise = adaptation_factor(p, self.gamma)
        pseudo = seen.logits_t.detach().argmax(dim=1)
        weights = class_weights(seen.labels, seen.chances_t.detach())
        discrepancies = [
            mmd(multi_kernel(torch.cat([source, target])), weights, len(target))
            for source, target in zip(seen.layers_s, seen.layers_t, strict=True)
        ]
        return {
            "weighted_mmd": self.wmmd_weight * rise * torch.stack(discrepancies).sum(),
            "target_label": self.target_weight * rise * F.cross_entropy(seen.logits_t, pseudo),
        }


def class_weights(labels: Tensor, chances: Tensor) -> Tensor:
    """(n,) of the source's rows, sum 1: α_c = w_t(c) / w_s(c) of each one's class.

    Args:
        labels: (n,) of the source; w_s are their shares.
        chances: (m, classes) predicted on the target; w_t are their means: as even as the predictions are unsure.

    All alike where the target shows none of the classes of these rows.
    """
    classes = torch.arange(chances.shape[1], device=labels.device)
    shares_s = (labels[:, None] == classes).sum(dim=0) / len(labels)  # bincount would wait for the device
    weights = (chances.mean(dim=0) / shares_s.clamp_min(1e-9))[labels]
    total = weights.sum()
    return torch.where(total > 0, weights / total, 1 / len(labels))
