"""Margin disparity discrepancy: an adversarial second predictor (Zhang et al. 2019, ICML)."""

from __future__ import annotations

import copy
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.gradient_reversal import reverse_gradient
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.adapt.networks.layers import initialise
from synthda.adapt.schedules import adaptation_factor
from synthda.settings import Between


class MDD(AdditiveMethod):
    """A second predictor agrees with the first on the source and disagrees on the target; the features prevent it."""

    def __init__(
        self,
        network: Network,
        *,
        margin: Annotated[float, "γ, what agreement on the source weighs: exp of the margin", Between(1)] = 4.0,
        mdd_lambda: Annotated[float, "largest factor of the reversed gradient", Between(0)] = 0.1,
        gamma: Annotated[float, "steepness of its rise", Between(0)] = 10.0,
    ) -> None:
        super().__init__(network)
        self.margin = margin
        self.mdd_lambda = mdd_lambda
        self.gamma = gamma
        self.adversary: nn.Module = copy.deepcopy(network.label_predictor)
        initialise(self.adversary)

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        lambda_ = self.mdd_lambda * adaptation_factor(p, self.gamma)
        on_source = self.adversary(reverse_gradient(seen.features_s, lambda_))
        on_target = self.adversary(reverse_gradient(seen.features_t, lambda_))
        # γ · −log σ_f(f') on the source, −log(1 − σ_f(f')) on the target.
        agreement = F.cross_entropy(on_source, seen.logits_s.argmax(dim=1))
        disagreement = not_chosen(on_target, seen.logits_t.argmax(dim=1, keepdim=True)).mean()
        return {"disparity": self.margin * agreement + disagreement}


def not_chosen(logits: Tensor, classes: Tensor) -> Tensor:
    """(B,) −log(1 − softmax of `logits` (B, K) at `classes` (B, 1)), by the other logits: 1 − σ rounds to 0.

    So the adversary is pushed the most where it agrees entirely, and not left alone there.
    """
    others = logits.scatter(1, classes, -torch.inf)
    return logits.logsumexp(dim=1) - others.logsumexp(dim=1)
