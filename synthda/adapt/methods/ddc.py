"""Deep domain confusion: equal means of the representation (Tzeng et al. 2014, arXiv 1412.3474)."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.settings import Between


class DDC(AdditiveMethod):
    """The means of source and target coincide in the last layer before the logits.

    The paper inserts a layer of 256 for this; here it is the network's own last-but-one.
    """

    local_statistics = "the means of both domains"

    def __init__(
        self,
        network: Network,
        *,
        ddc_weight: Annotated[float, "of the squared distance of the means", Between(0)] = 0.25,
    ) -> None:
        super().__init__(network)
        self.ddc_weight = ddc_weight

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        # λ · ‖mean φ(x_s) − mean φ(x_t)‖²
        difference = seen.layers_s[-2].mean(dim=0) - seen.layers_t[-2].mean(dim=0)
        return {"mean_discrepancy": self.ddc_weight * difference.square().sum()}
