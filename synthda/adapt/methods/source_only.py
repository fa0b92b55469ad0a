"""Training on labelled images alone: on the source, the floor of adaptation; on the target, its ceiling."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from synthda.adapt.method import Batch, LossTerms, Method


class SourceOnly(Method):
    """Cross-entropy on the source; the target is never looked at."""

    uses_target = False

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        logits = self.network(batch.source[0])
        return {"label": F.cross_entropy(logits, batch.source_labels)}
