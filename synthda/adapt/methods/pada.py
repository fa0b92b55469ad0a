"""Partial adversarial domain adaptation: classes that the target lacks count less (Cao et al. 2018, ECCV)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from synthda.adapt.additive import Seen
from synthda.adapt.domain_classifier import SourceDomains, domain_classifier, reversed_terms
from synthda.adapt.method import Batch, LossTerms, Method
from synthda.adapt.network import Network
from synthda.adapt.schedules import adaptation_factor
from synthda.settings import Between


class PADA(Method):
    """DANN in which a source image counts by how often its class is predicted on the target.

    The weights of the classes are a running mean of the target's predictions, brought to a largest weight of 1.
    """

    revision = 1
    gathered_statistics = "the shares of the classes"

    class_shares: Tensor

    def __init__(
        self,
        network: Network,
        *,
        gamma: Annotated[float, "steepness of λ_p = 2 / (1 + exp(−γp)) − 1", Between(0)] = 10.0,
        lambda_max: Annotated[float, "what λ_p is multiplied by", Between(0)] = 1.0,
        memory: Annotated[float, "share of the running mean that a step keeps", Between(0, 1)] = 0.99,
        source_domains: SourceDomains = 1,
    ) -> None:
        super().__init__(network)
        self.source_domains = source_domains
        self.gamma = gamma
        self.lambda_max = lambda_max
        self.memory = memory
        self.domain_classifier = domain_classifier(network, network.feature_dim, source_domains)
        self.register_buffer("class_shares", torch.full((network.classes,), 1 / network.classes))

    @property
    def class_weights(self) -> Tensor:
        """(classes,) in [0, 1]: γ of the paper, its mean prediction on the target divided by the largest."""
        return self.class_shares / self.class_shares.max()

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        seen = Seen(self.network, batch)
        weights = self.class_weights[batch.source_labels]
        # 1/n_s Σ_i γ_{y_i} L_y(x_i, y_i); the same γ_{y_i} weigh the source's L_d below, and 1 the target's.
        label = (weights * F.cross_entropy(seen.labelled_logits, batch.source_labels, reduction="none")).mean()
        lambda_ = self.lambda_max * adaptation_factor(p, self.gamma)
        terms = reversed_terms(self.domain_classifier, seen, lambda_, batch.of_sources(weights))
        if self.training:
            with torch.no_grad():  # after its use: the step's own predictions count from the next one on
                self.class_shares.lerp_(self.ranks.mean_of(seen.chances_t), 1 - self.memory)
        return {"label": label, **terms, "class_weight": weights.mean()}
