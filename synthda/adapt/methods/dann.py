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
    """A label predictor on features from which a domain classifier cannot tell source (0) from target (1).

    Several sources are pooled as one domain, or each has a label of its own; the target's is then the last.
    """

    def __init__(
        self,
        network: Network,
        *,
        gamma: Annotated[float, "steepness of λ_p = 2 / (1 + exp(−γp)) − 1", Between(0)] = 10.0,
        lambda_max: Annotated[float, "what λ_p is multiplied by", Between(0)] = 1.0,
        source_domains: Annotated[int, "sources that the classifier tells apart; 1 pools them", Between(1, 100)] = 1,
    ) -> None:
        super().__init__(network)
        self.source_domains = source_domains
        self.gamma = gamma
        self.lambda_max = lambda_max
        logits = 1 if source_domains == 1 else source_domains + 1
        self.domain_classifier = domain_classifier(network, network.feature_dim, logits)

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        # λ_p is in the reversal alone: the domain classifier itself learns at full strength, section 5.2.2.
        lambda_ = self.lambda_max * adaptation_factor(p, self.gamma)
        features = reverse_gradient(torch.cat([seen.features_s, seen.features_t]), lambda_)
        logits = self.domain_classifier(features)
        if self.source_domains == 1:
            return domain_terms(logits, len(seen.features_s))
        target = seen.batch.target_index.new_full((len(seen.features_t),), self.source_domains)
        domains = torch.cat([seen.batch.source_domain, target])
        accuracy = (logits.detach().argmax(dim=1) == domains).float().mean()
        return {"domain": F.cross_entropy(logits, domains), "domain_accuracy": accuracy}


def domain_classifier(network: Network, width: int, logits: int = 1) -> nn.Sequential:
    """(B, width) → (B, logits), with the hidden layers that the network's paper puts on its features."""
    made = fully_connected((width, *network.domain_hidden, logits))
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
