"""Domain-adversarial training of neural networks (Ganin & Lempitsky 2015; Ganin et al. 2016, JMLR 17)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from synthda.adapt.gradient_reversal import reverse_gradient
from synthda.adapt.method import Batch, LossTerms, Method
from synthda.adapt.networks import Network, fully_connected, initialise
from synthda.adapt.schedules import adaptation_factor
from synthda.settings import Between


class DANN(Method):
    """A label predictor on features from which a domain classifier cannot tell source (0) from target (1)."""

    def __init__(
        self,
        network: Network,
        *,
        gamma: Annotated[float, "steepness of λ_p = 2 / (1 + exp(−γp)) − 1", Between(0)] = 10.0,
        lambda_max: Annotated[float, "what λ_p is multiplied by", Between(0)] = 1.0,
    ) -> None:
        super().__init__(network)
        self.gamma = gamma
        self.lambda_max = lambda_max
        self.domain_classifier = fully_connected((network.feature_dim, *network.domain_hidden, 1))
        initialise(self.domain_classifier)

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        features_s, features_t = self._features(batch.source[0], batch.target[0])
        label_loss = F.cross_entropy(self.network.label_predictor(features_s), batch.source_labels)

        # λ_p is in the reversal alone: the domain classifier itself learns at full strength, eq. (13)–(15).
        lambda_ = self.lambda_max * adaptation_factor(p, self.gamma)
        features = reverse_gradient(torch.cat([features_s, features_t]), lambda_)
        domain_logits = self.domain_classifier(features).squeeze(1)
        domains = torch.cat([domain_logits.new_zeros(len(features_s)), domain_logits.new_ones(len(features_t))])
        domain_loss = F.binary_cross_entropy_with_logits(domain_logits, domains)
        domain_accuracy = ((domain_logits.detach() > 0) == (domains > 0)).float().mean()
        return {"label": label_loss, "domain": domain_loss, "domain_accuracy": domain_accuracy}

    def _features(self, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Both domains' features: in one pass, or, where batch norm would mix their statistics, each in its own.

        The running statistics then follow the target alone: that is where the network is deployed.
        """
        if not self.network.uses_batch_statistics:
            features = self.network.features(torch.cat([source, target]))
            return features[: len(source)], features[len(source) :]
        with self.network.running_statistics_kept():
            features_s = self.network.features(source)
        return features_s, self.network.features(target)
