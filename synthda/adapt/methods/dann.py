"""Domain-adversarial training of neural networks (Ganin & Lempitsky 2015; Ganin et al. 2016, JMLR 17)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.gradient_reversal import reverse_gradient
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.adapt.networks.layers import fully_connected, initialise
from synthda.adapt.schedules import adaptation_factor
from synthda.settings import Between


class DANN(AdditiveMethod):
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
        self.domain_classifier = domain_classifier(network, network.feature_dim)

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        # λ_p is in the reversal alone: the domain classifier itself learns at full strength, eq. (13)–(15).
        lambda_ = self.lambda_max * adaptation_factor(p, self.gamma)
        features = reverse_gradient(torch.cat([seen.features_s, seen.features_t]), lambda_)
        return domain_terms(self.domain_classifier(features), len(seen.features_s))


def domain_classifier(network: Network, width: int) -> nn.Sequential:
    """(B, width) → (B, 1) logits, with the hidden layers that the network's paper puts on its features."""
    made = fully_connected((width, *network.domain_hidden, 1))
    initialise(made)
    return made


def domain_terms(logits: Tensor, n_source: int, weights: Tensor | None = None) -> LossTerms:
    """Binomial cross-entropy of a domain classifier's logits (B, 1), and its accuracy.

    Args:
        logits: of the source's images (domain 0), then the target's (domain 1).
        n_source: how many are the source's.
        weights: (B,) of each image's loss; all alike by default.
    """
    domains = torch.cat([logits.new_zeros(n_source), logits.new_ones(len(logits) - n_source)])
    loss = F.binary_cross_entropy_with_logits(logits.squeeze(1), domains, weights)
    accuracy = ((logits.detach().squeeze(1) > 0) == (domains > 0)).float().mean()
    return {"domain": loss, "domain_accuracy": accuracy}
