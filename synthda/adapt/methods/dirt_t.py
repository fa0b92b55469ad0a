"""Decision-boundary iterative refinement training with a teacher (Shu et al. 2018, ICLR)."""

from __future__ import annotations

import copy
from typing import Annotated, Self

import torch
from torch import Tensor
from torch.nn import functional as F

from synthda.adapt.additive import entropy
from synthda.adapt.averaging import follow
from synthda.adapt.method import Batch, Descend, LossTerms, Method
from synthda.adapt.network import Network
from synthda.adapt.virtual_adversarial import NEEDS_FLOAT32, virtual_adversarial_loss
from synthda.settings import Between


class DIRTT(Method):
    """A trained VADA goes on without the source: its border leaves the target's clusters, step by cautious step.

    Each refinement stays near its teacher, the averaged network at the end of the refinement before. The average of
    the weights is what teaches and what is deployed.
    """

    starts_from = "vada"
    uses_source = False
    needs_float32 = NEEDS_FLOAT32
    updates: Tensor

    def __init__(
        self,
        network: Network,
        *,
        teacher_weight: Annotated[float, "β, of the divergence from the teacher", Between(0)] = 0.01,
        smooth_target: Annotated[float, "λ_t, of smoothness", Between(0)] = 0.01,
        entropy_weight: Annotated[float, "λ_t in the paper, of entropy", Between(0)] = 0.01,
        radius: Annotated[float, "of the changes, where an image spans −1…1 as in the paper", Between(0)] = 3.5,
        interval: Annotated[int, "updates of a refinement, after which the teacher is renewed", Between(1)] = 500,
        ema: Annotated[float, "share of the average that an update keeps", Between(0, 1)] = 0.998,
    ) -> None:
        super().__init__(network)
        self.teacher_weight = teacher_weight
        self.smooth_target = smooth_target
        self.entropy_weight = entropy_weight
        self.radius = radius
        self.interval = interval
        self.ema = ema
        self.average: Network = copy.deepcopy(network).requires_grad_(False)
        self.teacher: Network = copy.deepcopy(network).requires_grad_(False)
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    def begin_from(self, trained: Method) -> None:
        """From VADA's network; its domain classifier has done its work."""
        for network in (self.network, self.average, self.teacher):
            network.load_state_dict(trained.network.state_dict())

    def train(self, mode: bool = True) -> Self:
        """Average and teacher predict as deployed."""
        super().train(mode)
        self.average.eval()
        self.teacher.eval()
        return self

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        # β KL(h_{n−1} ‖ h_n) + λ_t [L_v + L_c], all on the target
        images = batch.target[0]
        logits = self.network(images)
        with torch.no_grad():
            taught = self.teacher(images).softmax(dim=1)
        smooth = virtual_adversarial_loss(self.network, images, logits, self.radius / 2)  # images span 0…1 here
        return {
            "teacher": self.teacher_weight * F.kl_div(logits.log_softmax(dim=1), taught, reduction="batchmean"),
            "smooth": self.smooth_target * smooth,
            "entropy": self.entropy_weight * entropy(logits.softmax(dim=1)).mean(),
        }

    def step(self, batch: Batch, p: Tensor, descend: Descend) -> LossTerms:
        terms = super().step(batch, p, descend)
        follow(self.average, self.network, kept=self.ema, buffers=True)
        with torch.no_grad():
            self.updates += 1
            due = self.updates % self.interval == 0  # on the device: asking it would wait for it
            renewed = self.average.state_dict()
            for name, taught in self.teacher.state_dict().items():
                taught.copy_(torch.where(due, renewed[name], taught))
        return terms

    def predict(self, images: Tensor) -> Tensor:
        """The average's logits."""
        logits: Tensor = self.average(images)
        return logits
