"""Deep CORAL: equal covariances (Sun & Saenko 2016, ECCV workshops)."""

from __future__ import annotations

from typing import Annotated, Literal

from torch import Tensor

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.settings import Between


class DeepCORAL(AdditiveMethod):
    """The covariances of source and target coincide, in the logits as in the paper or in the layer before them."""

    local_statistics = "the covariances"

    def __init__(
        self,
        network: Network,
        *,
        coral_weight: Annotated[float, "of the covariances' distance", Between(0)] = 1.0,
        coral_layer: Annotated[Literal["logits", "representation"], "whose covariance is aligned"] = "logits",
    ) -> None:
        super().__init__(network)
        self.coral_weight = coral_weight
        self.position = -1 if coral_layer == "logits" else -2

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        distance = coral_distance(seen.layers_s[self.position], seen.layers_t[self.position])
        return {"coral": self.coral_weight * distance}


def coral_distance(source: Tensor, target: Tensor) -> Tensor:
    """‖C_s − C_t‖²_F / 4d² of rows (n, d): the paper's equation 1."""
    difference = _covariance(source) - _covariance(target)
    return difference.square().sum() / (4 * source.shape[1] ** 2)


def _covariance(rows: Tensor) -> Tensor:
    """(n, d) → (d, d), equations 2 and 3; of a single row 0."""
    centred = rows - rows.mean(dim=0)
    return centred.T @ centred / max(1, len(rows) - 1)
