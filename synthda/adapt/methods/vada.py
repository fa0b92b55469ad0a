"""Virtual adversarial domain adaptation (Shu et al. 2018, ICLR)."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from synthda.adapt.additive import AdditiveMethod, Seen, entropy
from synthda.adapt.domain_classifier import SourceDomains, domain_classifier, reversed_terms
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.adapt.virtual_adversarial import NEEDS_FLOAT32, virtual_adversarial_loss
from synthda.settings import Between


class VADA(AdditiveMethod):
    """DANN whose decisions lie where no target images are: sure predictions that small changes do not move."""

    revision = 1
    needs_float32 = NEEDS_FLOAT32

    def __init__(
        self,
        network: Network,
        *,
        domain_weight: Annotated[float, "λ_d, of the reversed gradient", Between(0)] = 0.01,
        smooth_source: Annotated[float, "λ_sv, of smoothness on the source", Between(0)] = 1.0,
        smooth_target: Annotated[float, "of smoothness on the target; λ_t in the paper", Between(0)] = 0.01,
        entropy_weight: Annotated[float, "λ_t, of the target's entropy", Between(0)] = 0.01,
        radius: Annotated[float, "of the changes, where an image spans −1…1 as in the paper", Between(0)] = 3.5,
        source_domains: SourceDomains = 1,
    ) -> None:
        super().__init__(network)
        self.source_domains = source_domains
        self.domain_weight = domain_weight
        self.smooth_source = smooth_source
        self.smooth_target = smooth_target
        self.entropy_weight = entropy_weight
        self.radius = radius
        self.domain_classifier = domain_classifier(network, network.feature_dim, source_domains)

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        # L_y + λ_d L_d + λ_sv L_v(source) + λ_t [L_v(target) + L_c(target)]
        lambda_ = p.new_full((), self.domain_weight)
        half = self.radius / 2  # images span 0…1 here
        source, target = seen.images_s, seen.batch.target[0]
        return reversed_terms(self.domain_classifier, seen, lambda_) | {
            "smooth_source": self.smooth_source * virtual_adversarial_loss(self.network, source, seen.logits_s, half),
            "smooth_target": self.smooth_target * virtual_adversarial_loss(self.network, target, seen.logits_t, half),
            "entropy": self.entropy_weight * entropy(seen.chances_t).mean(),
        }
