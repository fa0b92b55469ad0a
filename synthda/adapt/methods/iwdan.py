"""Domain-adversarial training under label shift: classes count as in the target (Tachet des Combes et al. 2020)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from synthda.adapt.additive import Seen
from synthda.adapt.domain_classifier import SourceDomains, domain_classifier, domain_terms
from synthda.adapt.gradient_reversal import reverse_gradient
from synthda.adapt.label_shift import class_ratios
from synthda.adapt.method import Batch, LossTerms, Method
from synthda.adapt.network import Network
from synthda.adapt.resident import Loaded
from synthda.adapt.schedules import adaptation_factor
from synthda.settings import Between

ENOUGH = 50
"""Images a class, on average, by which the weights are estimated; with fewer, those of the next pass join them."""


class IWDAN(Method):
    """DANN in which a source image counts by how much more frequent its class is in the target.

    How much that is, w, is estimated where a pass over the target begins, from the predictions of the steps since.
    """

    gathered_statistics = "the shares of the classes"
    refresh_every = 1
    ratios: Tensor
    shares_s: Tensor
    predictions: Tensor

    def __init__(
        self,
        network: Network,
        *,
        gamma: Annotated[float, "steepness of λ_p = 2 / (1 + exp(−γp)) − 1", Between(0)] = 10.0,
        lambda_max: Annotated[float, "what λ_p is multiplied by", Between(0)] = 1.0,
        memory: Annotated[float, "share of the former weights that an estimate keeps", Between(0, 1)] = 0.5,
        source_domains: SourceDomains = 1,
    ) -> None:
        super().__init__(network)
        self.source_domains = source_domains
        self.gamma = gamma
        self.lambda_max = lambda_max
        self.memory = memory
        self.domain_classifier = domain_classifier(network, network.feature_dim, source_domains)
        classes = network.classes
        self.register_buffer("ratios", torch.ones(classes))  # w
        self.register_buffer("shares_s", torch.full((classes,), 1 / classes))
        # Sums of the predictions since the last estimate: row y on the source's images of class y, then the target's.
        self.register_buffer("predictions", torch.zeros(classes + 1, classes))

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        seen = Seen(self.network, batch)
        weights = self.ratios[seen.labels]
        # 1/s Σ_i w_{y_i} / (k P_s(y_i)) · L_y(x_i, y_i): every class alike but for w; w weighs the source's L_d below.
        balanced = weights / (self.network.classes * self.shares_s[seen.labels])
        label = (balanced * F.cross_entropy(seen.logits_s, seen.labels, reduction="none")).mean()
        lambda_ = self.lambda_max * adaptation_factor(p, self.gamma)
        features = reverse_gradient(torch.cat([seen.features_s, seen.features_t]), lambda_)
        each = torch.cat([weights, weights.new_ones(len(seen.features_t))])
        terms = domain_terms(self.domain_classifier(features), seen, each)
        if self.training:
            self._remember(seen)
        return {"label": label, **terms, "class_weight": weights.mean()}

    @torch.no_grad()
    def _remember(self, seen: Seen) -> None:
        own = F.one_hot(seen.labels, self.network.classes).to(seen.logits_s.dtype)
        sums = torch.cat([own.T @ seen.logits_s.softmax(dim=1), seen.chances_t.sum(dim=0, keepdim=True)])
        self.predictions += self.ranks.sum_of(sums)

    def refresh(self, sources: Sequence[Loaded], target: Iterable[Tensor]) -> None:
        """Estimate the weights anew, if enough has been predicted; the images themselves are not looked at again."""
        counts = self.predictions[:-1].sum(dim=1)
        if counts.sum() < ENOUGH * len(counts):
            return
        told = self.predictions.double().cpu().numpy()
        estimate = torch.from_numpy(class_ratios(told[:-1], told[-1])).to(self.ratios)
        # w_{t+1} = (1 − memory) · QP(Ĉ, μ̂) + memory · w_t
        self.ratios.lerp_(estimate, 1 - self.memory)
        # One more of each, so that the share of a class of which none was drawn is not 0.
        self.shares_s.copy_((counts + 1) / (counts + 1).sum())
        self.predictions.zero_()
