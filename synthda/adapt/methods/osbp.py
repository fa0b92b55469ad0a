"""Open set domain adaptation by backpropagation (Saito et al. 2018, ECCV)."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor
from torch.nn import functional as F

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.gradient_reversal import reverse_gradient
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.adapt.schedules import adaptation_factor
from synthda.settings import Between


class OSBP(AdditiveMethod):
    """A class more, for target images of no source class: the features decide for each to be known or unknown.

    The label predictor draws the last class's probability on the target to a boundary, and the features are driven
    away from it, to one side or the other.
    """

    learns_unknown = True

    def __init__(
        self,
        network: Network,
        *,
        boundary: Annotated[float, "probability of the unknown class that the predictor aims at", Between(0, 1)] = 0.5,
        gamma: Annotated[float, "steepness of λ_p, which the reversed gradient is multiplied by", Between(0)] = 10.0,
    ) -> None:
        super().__init__(network)
        self.boundary = boundary
        self.gamma = gamma

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        features = reverse_gradient(seen.features_t, adaptation_factor(p, self.gamma))
        logits = self.network.label_predictor(features)
        # As a logit of unknown against all known classes: ln p_u − ln(1 − p_u).
        unknown = logits[:, -1] - logits[:, :-1].logsumexp(dim=1)
        aim = unknown.new_full(unknown.shape, self.boundary)
        adversarial = F.binary_cross_entropy_with_logits(unknown, aim)
        return {"boundary": adversarial, "unknown": (unknown.detach() > 0).float().mean()}
