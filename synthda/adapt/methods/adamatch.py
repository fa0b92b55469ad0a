"""AdaMatch: FixMatch with what a shift between domains asks for (Berthelot et al. 2022, ICLR, arXiv 2106.04732)."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from synthda.adapt.alignment import Shares
from synthda.adapt.averaging import follow
from synthda.adapt.method import Batch, Descend, LossTerms, Method
from synthda.adapt.network import Network
from synthda.settings import Between


@dataclass(frozen=True)
class Logits:
    """Of the weak and the strong views, (B, classes) each."""

    source_weak: Tensor
    source_strong: Tensor
    target_weak: Tensor
    target_strong: Tensor


class AdaMatch(Method):
    """A strong view of a target image learns the class of its weak view, where that is as sure as on the source.

    The weak view's predictions are first brought to the source's shares of the classes. The logits of the source lie
    at random between those with and without the target in the batch; without batch norm these are the same. A moving
    average of the network is what is deployed.
    """

    gathered_statistics = "the mean predictions of both domains, and the confidence asked for"
    source_views = ("weak", "strong")
    target_views = ("weak", "strong")

    def __init__(
        self,
        network: Network,
        *,
        target_weight: Annotated[float, "of the target's loss in the second half", Between(0)] = 1.0,
        relative_confidence: Annotated[
            float, "τ, least probability of a pseudo-label, as a share of the source's mean", Between(0, 1)
        ] = 0.9,
        ema: Annotated[float, "share of the deployed weights that a step keeps", Between(0, 1)] = 0.999,
    ) -> None:
        super().__init__(network)
        self.target_weight = target_weight
        self.relative_confidence = relative_confidence
        self.ema = ema
        self.averaged: Network = copy.deepcopy(network).requires_grad_(False)
        self.shares = Shares(network.classes)

    def normalise_by(self, mean: Tensor, std: Tensor) -> None:
        super().normalise_by(mean, std)
        self.averaged.normalise_by(mean, std)

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        return self._terms(self._logits(batch), batch.source_labels, p)

    def step(self, batch: Batch, p: Tensor, descend: Descend) -> LossTerms:
        logits = self._logits(batch)
        self.shares.see(logits.source_weak.softmax(dim=1), logits.target_weak.softmax(dim=1), self.ranks)
        terms = self._terms(logits, batch.source_labels, p)
        descend(terms["label"] + terms["consistency"])
        follow(self.averaged, self.network, kept=self.ema, buffers=True)
        return {name: term.detach() for name, term in terms.items()}

    def predict(self, images: Tensor) -> Tensor:
        """The averaged network's logits."""
        logits: Tensor = self.averaged(images)
        return logits

    def _logits(self, batch: Batch) -> Logits:
        source, target = torch.cat(batch.source), torch.cat(batch.target)
        logits_s, logits_t = self.network(torch.cat([source, target])).split([len(source), len(target)])
        if self.network.uses_batch_statistics:
            with self.network.running_statistics_kept():
                alone = self.network(source)
            # Z = λ Z' + (1 − λ) Z'', with λ ~ U(0, 1) for each logit
            logits_s = torch.lerp(alone, logits_s, torch.rand_like(logits_s))
        return Logits(*logits_s.chunk(2), *logits_t.chunk(2))

    def _terms(self, logits: Logits, labels: Tensor, p: Tensor) -> LossTerms:
        label = (F.cross_entropy(logits.source_weak, labels) + F.cross_entropy(logits.source_strong, labels)) / 2
        # c_τ = τ · mean of max_k p_k over the source's weak views
        least = self.relative_confidence * self.ranks.mean_of(logits.source_weak.detach().softmax(dim=1).amax(dim=1))
        chance, pseudo = self.shares.align(logits.target_weak.softmax(dim=1)).max(dim=1)
        sure = (chance >= least).float()
        each = F.cross_entropy(logits.target_strong, pseudo, reduction="none")
        # μ = 1/2 − cos(min(π, 2πp)) / 2
        rise = 0.5 - torch.cos((2 * math.pi * p).clamp(max=math.pi)) / 2
        consistency = self.target_weight * rise * (each * sure).mean()
        return {"label": label, "consistency": consistency, "sure": sure.mean(), "least_confidence": least}
