"""Self-ensembling for visual domain adaptation: a mean teacher (French et al. 2018, ICLR)."""

from __future__ import annotations

import copy
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional as F

from synthda.adapt.averaging import follow
from synthda.adapt.method import Batch, Descend, LossTerms, Method
from synthda.adapt.network import Network
from synthda.settings import Between


class SelfEnsembling(Method):
    """The target's predictions follow those of a teacher, an average of the network's past, on another view.

    Source and target pass apart, so that batch norm sees one domain at a time. The teacher is what is deployed.
    """

    target_views = ("weak", "weak")

    def __init__(
        self,
        network: Network,
        *,
        ema: Annotated[float, "share of the teacher's weights that a step keeps", Between(0, 1)] = 0.99,
        consistency: Annotated[float, "of the mean squared difference of the predictions", Between(0)] = 3.0,
        confidence: Annotated[float, "least probability of the teacher's prediction", Between(0, 1)] = 0.968,
    ) -> None:
        super().__init__(network)
        self.ema = ema
        self.consistency = consistency
        self.confidence = confidence
        self.teacher: Network = copy.deepcopy(network).requires_grad_(False)

    def normalise_by(self, mean: Tensor, std: Tensor) -> None:
        super().normalise_by(mean, std)
        self.teacher.normalise_by(mean, std)

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        student, teacher = batch.target
        with self.network.running_statistics_kept():
            label = F.cross_entropy(self.network(batch.source[0]), batch.source_labels)
        chances = self.network(student).softmax(dim=1)
        with torch.no_grad():
            taught = self.teacher(teacher).softmax(dim=1)
        # 1(max_k z̃_k > confidence) · 1/K Σ_k (z_k − z̃_k)², mean over the batch: z is the student's, z̃ the teacher's.
        sure = (taught.amax(dim=1) > self.confidence).float()
        each = (chances - taught).square().mean(dim=1)
        return {"label": label, "consistency": self.consistency * (each * sure).mean(), "sure": sure.mean()}

    def step(self, batch: Batch, p: Tensor, descend: Descend) -> LossTerms:
        terms = super().step(batch, p, descend)
        follow(self.teacher, self.network, kept=self.ema, buffers=False)
        return terms

    def predict(self, images: Tensor) -> Tensor:
        """The teacher's logits."""
        logits: Tensor = self.teacher(images)
        return logits
