"""FixMatch for adaptation: the target's weak view labels its strong view (Sohn et al. 2020, NeurIPS)."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.alignment import Shares
from synthda.adapt.method import LossTerms
from synthda.adapt.methods.pseudo_label import cross_entropy_where_sure
from synthda.adapt.network import Network
from synthda.settings import Between


class FixMatch(AdditiveMethod):
    """A strongly changed target image gets the class that is sure in its weak view."""

    gathered_statistics = "with align, the shares of the classes"
    target_views = ("weak", "strong")

    def __init__(
        self,
        network: Network,
        *,
        fixmatch_weight: Annotated[float, "of the target's loss", Between(0)] = 1.0,
        confidence: Annotated[float, "least probability of a pseudo-label", Between(0, 1)] = 0.9,
        align: Annotated[bool, "bring the predictions to the source's shares of the classes first"] = False,
    ) -> None:
        super().__init__(network)
        self.fixmatch_weight = fixmatch_weight
        self.confidence = confidence
        self.shares = Shares(network.classes) if align else None

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        chances = seen.chances_t.detach()
        if self.shares is not None:
            if self.training:
                self.shares.see(seen.logits_s.softmax(dim=1), chances, self.ranks)
            chances = self.shares.align(chances)
        # 1/B Σ 1(max q ≥ τ) H(argmax q, p(strong)), q = p(weak): eq. 4 of the paper
        loss, sure = cross_entropy_where_sure(seen.logits_t2, chances, self.confidence)
        return {"consistency": self.fixmatch_weight * loss, "sure": sure}
