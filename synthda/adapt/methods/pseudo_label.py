"""Pseudo-labelling (Lee 2013, ICML workshop on challenges in representation learning)."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor
from torch.nn import functional as F

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.alignment import Shares
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.settings import Between

RISE_FROM, RISE_TO = 0.1, 0.6
"""Progress between which the target's weight grows: epochs 100 to 600 in the paper."""


class PseudoLabel(AdditiveMethod):
    """What the network is sure of on the target becomes a label; the more progress, the more it counts."""

    gathered_statistics = "with align, the shares of the classes"

    def __init__(
        self,
        network: Network,
        *,
        pseudo_weight: Annotated[float, "of the target's loss in the end", Between(0)] = 1.0,
        confidence: Annotated[
            float, "least probability of a pseudo-label; 0 takes all, as the paper", Between(0, 1)
        ] = 0.9,
        align: Annotated[bool, "bring the predictions to the source's shares of the classes first"] = False,
    ) -> None:
        super().__init__(network)
        self.pseudo_weight = pseudo_weight
        self.confidence = confidence
        self.shares = Shares(network.classes) if align else None

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        chances = seen.chances_t.detach()
        if self.shares is not None:
            if self.training:
                self.shares.see(seen.logits_s.softmax(dim=1), chances, self.ranks)
            chances = self.shares.align(chances)
        loss, sure = cross_entropy_where_sure(seen.logits_t, chances, self.confidence)
        # α(t) = α_f (t − T₁) / (T₂ − T₁) from T₁ to T₂, 0 before and α_f after; the loss is L_s + α(t) L_t.
        rise = ((p - RISE_FROM) / (RISE_TO - RISE_FROM)).clamp(0, 1)
        return {"pseudo_label": self.pseudo_weight * rise * loss, "sure": sure}


def cross_entropy_where_sure(logits: Tensor, chances: Tensor, confidence: float) -> tuple[Tensor, Tensor]:
    """Cross-entropy with the likeliest class as label, over the whole batch, of rows that are sure; and their share.

    Args:
        logits: (B, classes) that learn.
        chances: (B, classes) that tell the label; no gradient flows into them.
        confidence: least chance of the label.
    """
    # 1/B Σ 1(max_k p_k ≥ confidence) · (−ln f_y′), y′ = argmax_k p_k
    sure = (chances.amax(dim=1) >= confidence).float()
    each = F.cross_entropy(logits, chances.argmax(dim=1), reduction="none")
    return (each * sure).mean(), sure.mean()
