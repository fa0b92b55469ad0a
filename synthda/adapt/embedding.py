"""Networks whose features are an embedding, and which predict by the nearest centre of a class in it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from synthda.adapt.network import Network
from synthda.adapt.networks.layers import initialise
from synthda.adapt.ranks import ALONE, Ranks

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
    def follow(self, embeddings: Tensor, labels: Tensor, ema: float, ranks: Ranks = ALONE) -> None:
        """Move each class's centre towards the mean of its rows (B, width), as a moving average of batches.

        Args:
            embeddings: (B, width).
            labels: (B,); a class without a row stays where it is.
            ema: share of a centre that a batch keeps, once the plain mean of all batches would keep more.
            ranks: the processes that have a part of the batch each.
        """
        classes = torch.arange(self.out_features, device=labels.device)
        members = (labels[:, None] == classes).to(embeddings.dtype)
        counts = ranks.sum_of(members.sum(dim=0))
        means = ranks.sum_of(members.T @ embeddings) / counts.clamp_min(1)[:, None]
        self.met += counts > 0
        share = (1 / self.met.clamp_min(1)).clamp_min(1 - ema) * (counts > 0)
        self._place(torch.lerp(self.centres, means, share[:, None]))

    @torch.no_grad()
    def _place(self, centres: Tensor) -> None:
        self.weight.copy_(2 * centres)
        self.bias.copy_(-centres.square().sum(dim=1))


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
