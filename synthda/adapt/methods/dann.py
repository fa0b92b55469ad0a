"""Domain-adversarial training of neural networks (Ganin & Lempitsky 2015; Ganin et al. 2016, JMLR 17)."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.domain_classifier import SourceDomains, domain_classifier, reversed_terms
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.adapt.schedules import adaptation_factor
from synthda.settings import Between


class DANN(AdditiveMethod):
    """A label predictor on features from which a domain classifier cannot tell source (0) from target (1).

    Several sources are pooled as one domain, or each has a label of its own; the target's is then the last.
    """

    revision = 1

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
        self.domain_classifier = domain_classifier(network, network.feature_dim, source_domains)

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        # λ_p is in the reversal alone: the domain classifier itself learns at full strength, section 5.2.2.
        lambda_ = self.lambda_max * adaptation_factor(p, self.gamma)
        return reversed_terms(self.domain_classifier, seen, lambda_)
