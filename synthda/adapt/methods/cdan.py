"""Conditional adversarial domain adaptation (Long et al. 2018, NeurIPS)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from synthda.adapt.additive import AdditiveMethod, Seen, entropy
from synthda.adapt.domain_classifier import SourceDomains, domain_classifier, domain_terms
from synthda.adapt.gradient_reversal import reverse_gradient
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.adapt.schedules import adaptation_factor
from synthda.settings import Between

WIDEST = 4096
"""Of the product of features and predictions; above it a random map takes its place, as in the paper."""
RANDOM_WIDTH = 1024


class CDAN(AdditiveMethod):
    """DANN whose domain classifier sees the features times the predicted chances of the classes."""

    revision = 1
    weighs_by_entropy = False
    random_features: Tensor | None
    random_chances: Tensor | None

    def __init__(
        self,
        network: Network,
        *,
        gamma: Annotated[float, "steepness of λ_p = 2 / (1 + exp(−γp)) − 1", Between(0)] = 10.0,
        lambda_max: Annotated[float, "what λ_p is multiplied by", Between(0)] = 1.0,
        source_domains: SourceDomains = 1,
    ) -> None:
        super().__init__(network)
        self.source_domains = source_domains
        self.gamma = gamma
        self.lambda_max = lambda_max
        width = network.feature_dim * network.classes
        random = width > WIDEST
        self.register_buffer("random_features", torch.randn(network.feature_dim, RANDOM_WIDTH) if random else None)
        self.register_buffer("random_chances", torch.randn(network.classes, RANDOM_WIDTH) if random else None)
        self.domain_classifier = domain_classifier(network, RANDOM_WIDTH if random else width, source_domains)

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        lambda_ = self.lambda_max * adaptation_factor(p, self.gamma)
        features = reverse_gradient(torch.cat([seen.features_s, seen.features_t]), lambda_)
        # The predictions condition the classifier but are not themselves confused by it, in the weights neither.
        chances = torch.cat([seen.logits_s.softmax(dim=1), seen.chances_t]).detach()
        logits = self.domain_classifier(self._together(features, chances))
        return domain_terms(logits, seen, self._weights(chances, len(seen.features_s)))

    def _together(self, features: Tensor, chances: Tensor) -> Tensor:
        """f ⊗ g flattened, or (R_f f) ⊙ (R_g g) / √d."""
        if self.random_features is None or self.random_chances is None:
            return (chances[:, :, None] * features[:, None, :]).flatten(1)
        mapped: Tensor = (features @ self.random_features) * (chances @ self.random_chances) / RANDOM_WIDTH**0.5
        return mapped

    def _weights(self, chances: Tensor, n_source: int) -> Tensor | None:
        """(B,) of each image's domain loss: 1 + exp(−H(g)), brought to mean 1 in each domain."""
        if not self.weighs_by_entropy:
            return None
        certain = 1 + torch.exp(-entropy(chances))
        return torch.cat([half / half.mean() for half in (certain[:n_source], certain[n_source:])])


class CDANE(CDAN):
    """CDAN+E: CDAN in which images count the more, the surer their prediction is."""

    local_statistics = "the mean certainty that weights are divided by"
    weighs_by_entropy = True
