"""FixMatch for adaptation: the target's weak view labels its strong view (Sohn et al. 2020, NeurIPS)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from synthda.adapt.alignment import Shares
from synthda.adapt.method import Batch, LossTerms, Method
from synthda.adapt.methods.pseudo_label import cross_entropy_where_sure
from synthda.adapt.network import Network
from synthda.settings import Between


class FixMatch(Method):
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

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        weak, strong = batch.target
        features_s, features_t = self.network.features_of_both(batch.source[0], torch.cat([weak, strong]))
        logits_s = self.network.label_predictor(features_s)
        label = F.cross_entropy(logits_s, batch.source_labels)
        logits_weak, logits_strong = self.network.label_predictor(features_t).split(len(weak))
        chances = logits_weak.detach().softmax(dim=1)
        if self.shares is not None:
            if self.training:
                self.shares.see(logits_s.softmax(dim=1), chances, self.ranks)
            chances = self.shares.align(chances)
        loss, sure = cross_entropy_where_sure(logits_strong, chances, self.confidence)
        return {"label": label, "consistency": self.fixmatch_weight * loss, "sure": sure}
