"""Metric-based adversarial discriminative domain adaptation (Laradji & Babanezhad 2018, arXiv 1807.02552)."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from synthda.adapt.embedding import embed, nearest_centre
from synthda.adapt.method import Batch, Descend, LossTerms
from synthda.adapt.methods.adda import ADDA
from synthda.adapt.network import Network
from synthda.settings import Between


class MADDA(ADDA):
    """ADDA on an embedding in which classes are clusters: target images also draw near to the nearest one's centre."""

    starts_from = "triplet"
    needs_float32 = "the nearest of two centres is told by small differences of large numbers"

    def __init__(
        self,
        network: Network,
        *,
        adversarial_rate: Annotated[float, "learning rate, as a share of the recipe's", Between(0)] = 1.0,
        magnet_weight: Annotated[float, "of the squared distance from the nearest centre", Between(0)] = 1.0,
    ) -> None:
        embed(network)
        super().__init__(network, adversarial_rate=adversarial_rate)
        self.magnet_weight = magnet_weight

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        """ADDA's on the embedding, and the centre magnet."""
        return super().losses(batch, p) | {"magnet": self.magnet(batch)}

    def step(self, batch: Batch, p: Tensor, descend: Descend) -> LossTerms:
        terms = super().step(batch, p, descend)
        magnet = self.magnet(batch)
        descend(magnet, "encoder")
        return terms | {"magnet": magnet.detach()}

    def magnet(self, batch: Batch) -> Tensor:
        """min_j ‖M_t(x_t) − C_j‖², mean over the target; the centres are the source's and stay."""
        embeddings, centres = self.network.features(batch.target[0]), nearest_centre(self.network)
        nearest = centres(embeddings).argmax(dim=1)
        return self.magnet_weight * (embeddings - centres.centres[nearest]).square().sum(dim=1).mean()
