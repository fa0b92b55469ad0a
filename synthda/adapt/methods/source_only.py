"""Training on labelled images alone: on the source, the floor of adaptation; on the target, its ceiling."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor
from torch.nn import functional as F

from synthda.adapt.method import Batch, LossTerms, Method
from synthda.adapt.network import Network
from synthda.settings import Between


class SourceOnly(Method):
    """Cross-entropy on the source; the target is never looked at."""

    uses_target = False

    def __init__(
        self,
        network: Network,
        *,
        label_smoothing: Annotated[float, "share of a label that is spread over all classes", Between(0, 1)] = 0.0,
    ) -> None:
        super().__init__(network)
        self.label_smoothing = label_smoothing

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        logits = self.network(batch.source[0])
        return {"label": F.cross_entropy(logits, batch.source_labels, label_smoothing=self.label_smoothing)}
