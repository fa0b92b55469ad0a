"""Minimum class confusion (Jin et al. 2020, ECCV)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from synthda.adapt.additive import AdditiveMethod, Seen, entropy
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.settings import Between


class MCC(AdditiveMethod):
    """The classes that the target's predictions confuse within a batch are told apart; domains are not aligned."""

    local_statistics = "the confusion of the classes"

    def __init__(
        self,
        network: Network,
        *,
        mcc_weight: Annotated[float, "of the confusion", Between(0)] = 1.0,
        temperature: Annotated[float, "of the target's softmax", Between(0.01)] = 2.5,
    ) -> None:
        super().__init__(network)
        self.mcc_weight = mcc_weight
        self.softmax_temperature = temperature  # `temperature` is that of what is deployed

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        return {"confusion": self.mcc_weight * class_confusion(seen.logits_t, self.softmax_temperature)}


def class_confusion(logits: Tensor, temperature: float) -> Tensor:
    """Mean off-diagonal mass of the row-normalised confusion of (B, classes) logits, in [0, 1 − 1/classes]."""
    chances = (logits / temperature).softmax(dim=1)
    certain = 1 + torch.exp(-entropy(chances))
    weights = (certain / certain.mean()).detach()  # they sum to B
    confusion = chances.T @ (weights[:, None] * chances)
    # A class that no image is given, in all digits there are, is confused with none.
    confusion = confusion / confusion.sum(dim=1, keepdim=True).clamp_min(1e-12)
    # Not trace: its gradient asks the host for a number.
    return (confusion.sum() - confusion.diagonal().sum()) / len(confusion)
