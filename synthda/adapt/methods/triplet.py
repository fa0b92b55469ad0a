"""A source classifier by distances: triplet loss (Schroff et al. 2015, CVPR), then the nearest class centre."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from synthda.adapt.kernels import squared_distances
from synthda.adapt.method import Batch, Descend, LossTerms, Method
from synthda.adapt.network import Network
from synthda.adapt.networks.layers import initialise
from synthda.settings import Between

EMBEDDING = 256
"""Width of the embedding, as in M-ADDA."""


class NearestCentre(nn.Linear):
    """Embeddings (B, width) → logits (B, classes), 2 c·e − ‖c‖²: −‖e − c‖² but for ‖e‖², which all classes share.

    So a linear layer of weights 2c and biases −‖c‖² finds the nearest centre. Descent does not move it.
    """

    met: Tensor

    def __init__(self, width: int, classes: int) -> None:
        super().__init__(width, classes)
        self.requires_grad_(False)
        self.register_buffer("met", torch.zeros(classes))
        self._place(self.centres)

    @property
    def centres(self) -> Tensor:
        """(classes, width)."""
        return self.weight / 2

    @torch.no_grad()
    def follow(self, embeddings: Tensor, labels: Tensor, ema: float) -> None:
        """Move each class's centre towards the mean of its rows (B, width), as a moving average of batches.

        Args:
            embeddings: (B, width).
            labels: (B,); a class without a row stays where it is.
            ema: share of a centre that a batch keeps, once the plain mean of all batches would keep more.
        """
        members = F.one_hot(labels, self.out_features).to(embeddings.dtype)
        counts = members.sum(dim=0)
        means = members.T @ embeddings / counts.clamp_min(1)[:, None]
        self.met += counts > 0
        share = (1 / self.met.clamp_min(1)).clamp_min(1 - ema) * (counts > 0)
        self._place(torch.lerp(self.centres, means, share[:, None]))

    @torch.no_grad()
    def _place(self, centres: Tensor) -> None:
        self.weight.copy_(2 * centres)
        self.bias.copy_(-centres.square().sum(dim=1))


class Triplet(Method):
    """Source images embedded so that those of one class are nearer to each other, by a margin, than to any other's.

    The features are the embedding, and the label predictor is the nearest centre of a class. M-ADDA starts from it.
    """

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
        nearest_centre(self.network).follow(embeddings, batch.source_labels, self.ema)
        return terms


def embed(network: Network) -> None:
    """Let the network's features be an embedding: its hidden layers, then a linear one in place of the logits'."""
    *hidden, logits = network.label_predictor
    assert isinstance(logits, nn.Linear)
    embedding = nn.Linear(logits.in_features, EMBEDDING)
    initialise(embedding)
    network.feature_extractor = nn.Sequential(*network.feature_extractor, *hidden, embedding)
    network.label_predictor = nn.Sequential(NearestCentre(EMBEDDING, network.classes))


def nearest_centre(network: Network) -> NearestCentre:
    """What predicts the labels of a network that `embed` has changed."""
    layer = network.label_predictor[-1]
    assert isinstance(layer, NearestCentre)
    return layer


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
