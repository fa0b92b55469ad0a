"""Distribution alignment: the target's predictions brought to the source's shares of the classes.

Berthelot et al. 2020 (ReMixMatch, ICLR); between domains as in AdaMatch (Berthelot et al. 2022, ICLR).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from synthda.adapt.ranks import Ranks

REMEMBERED = 128
"""Steps over which the mean predictions of both domains are taken."""
TINY = 1e-6
"""Keeps the ratio of two shares finite; before any step, when both are 0, it is 1."""


def aligned(chances: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """p · p_s / p_t, normalised.

    Args:
        chances: (B, classes) predicted on the target.
        source, target: (classes,) the domains' mean predictions, to any common scale.
    """
    chances = chances * (source + TINY) / (target + TINY)
    return chances / chances.sum(dim=1, keepdim=True)


class Shares(nn.Module):
    """The mean predictions on source and target over the last steps, this one's among them."""

    recent: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.register_buffer("recent", torch.zeros(2, REMEMBERED, classes))

    @torch.no_grad()
    def see(self, chances_s: Tensor, chances_t: Tensor, ranks: Ranks) -> None:
        """Take in a step's predictions (B, classes), those of all processes."""
        now = torch.stack([ranks.mean_of(chances_s), ranks.mean_of(chances_t)])
        self.recent.copy_(torch.cat([self.recent[:, 1:], now[:, None]], dim=1))

    def align(self, chances_t: Tensor) -> Tensor:
        """(B, classes) of the target, brought to the source's shares; no gradient."""
        source, target = self.recent.sum(dim=1)  # of as many steps: their ratio is that of the means
        return aligned(chances_t.detach(), source, target)
