"""A source classifier by distances: triplet loss (Schroff et al. 2015, CVPR), then the nearest class centre."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from synthda.adapt.embedding import embed, nearest_centre
from synthda.adapt.kernels import squared_distances
from synthda.adapt.method import Batch, Descend, LossTerms, Method
from synthda.adapt.network import Network
from synthda.settings import Between


class Triplet(Method):
    """Source images embedded so that those of one class are nearer to each other, by a margin, than to any other's.

    The features are the embedding, and the label predictor is the nearest centre of a class. M-ADDA starts from it.
    """

    local_statistics = "the triplets"
    gathered_statistics = "the class centres"
    uses_target = False

    def __init__(
        self,
        network: Network,
        *,
        triplet_margin: Annotated[float, "of the squared distances", Between(0)] = 1.0,
        ema: Annotated[float, "share of a class centre that an update keeps", Between(0, 1)] = 0.99,
    ) -> None:
        embed(network)
        super().__init__(network)
        self.triplet_margin = triplet_margin
        self.ema = ema

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        embeddings = self.network.features(batch.source[0])
        return {"triplet": triplet_loss(embeddings, batch.source_labels, self.triplet_margin)}

    def step(self, batch: Batch, p: Tensor, descend: Descend) -> LossTerms:
        terms = super().step(batch, p, descend)
        with torch.no_grad(), self.network.running_statistics_kept():
            embeddings = self.network.features(batch.source[0])  # where the update has brought them
        nearest_centre(self.network).follow(embeddings, batch.source_labels, self.ema, self.ranks)
        return terms


def triplet_loss(embeddings: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Mean of ‖a − p‖² − ‖a − n‖² + margin over all triplets of a batch in which it is above 0; 0 when there is none.

    Args:
        embeddings: (B, width).
        labels: (B,): anchor and positive have one label, the negative another.
        margin: by which squared distances are to differ.
    """
    distances = squared_distances(embeddings)
    same = labels[:, None] == labels[None]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    # (B, B, B), by anchor, positive and negative: 1 MB for 64 images, 67 MB for 256.
    excess = distances[:, :, None] - distances[:, None, :] + margin
    violating = (positive[:, :, None] & ~same[:, None, :]) & (excess > 0)
    return (excess * violating).sum() / violating.sum().clamp_min(1)
