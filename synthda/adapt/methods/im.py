"""Information maximisation (Shi & Sha 2012, ICML): predictions on the target tell as much as they can."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from synthda.adapt.additive import AdditiveMethod, Seen, entropy
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.settings import Between


class IM(AdditiveMethod):
    """The target's predictions are sure one by one and diverse together.

    Their mutual information with the image is to be large; Krause et al. (2010) cluster by the same criterion.
    """

    local_statistics = "the mean prediction, which is to be diverse"

    def __init__(
        self, network: Network, *, im_weight: Annotated[float, "of the mutual information", Between(0)] = 0.5
    ) -> None:
        super().__init__(network)
        self.im_weight = im_weight

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        # −I(image; class) = H(class | image) − H(class), from the batch (Shi & Sha 2012, §3.2)
        mean = seen.chances_t.mean(dim=0, keepdim=True)
        information = entropy(mean).squeeze() - entropy(seen.chances_t).mean()
        return {"information": -self.im_weight * information}
