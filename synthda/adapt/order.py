"""The order in which a domain's images are seen: a pure function of (seed, epoch), without replacement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.shards import BLOCK

WINDOW = 64 * BLOCK
"""Rows shuffled among each other: what a streaming reader holds in memory. Smaller domains are shuffled whole."""


def order(seed: int, stream: int, epoch: int, n: int) -> NDArray[np.int64]:
    """All of 0…n−1 once: blocks shuffled, then rows within windows, so that shards can be streamed in this order.

    Args:
        seed: of the run.
        stream: tells apart the domains that a run reads, so that no two move in step.
        epoch: how often the domain has been seen.
        n: rows in the domain.
    """
    rng = np.random.default_rng([seed, stream, epoch])
    blocks = rng.permutation(-(-n // BLOCK))
    rows = (blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
    rows = rows[rows < n]
    for first in range(0, n, WINDOW):
        rng.shuffle(rows[first : first + WINDOW])
    return rows


class Sampler:
    """Batches of rows by step: step k takes the k-th `batch` rows of the endless sequence of epochs.

    Attributes:
        part: which places of a batch are given out: those of one of several processes.
    """

    def __init__(self, seed: int, stream: int, n: int, batch: int, part: slice = slice(None)) -> None:
        self.seed, self.stream, self.n, self.batch, self.part = seed, stream, n, batch, part
        self._epochs: dict[int, NDArray[np.int64]] = {}

    def rows(self, step: int) -> NDArray[np.int64]:
        """The rows of this step, (batch,) or their part, whatever steps were asked for before."""
        first, last = step * self.batch, (step + 1) * self.batch
        parts = []
        for epoch in range(first // self.n, (last - 1) // self.n + 1):
            begin = epoch * self.n
            parts.append(self._epoch(epoch)[max(first - begin, 0) : last - begin])
        return (parts[0] if len(parts) == 1 else np.concatenate(parts))[self.part]

    def passes(self, step: int) -> int:
        """How many whole passes over the domain lie before this step's first row; −1 before the first step."""
        return step * self.batch // self.n

    def _epoch(self, epoch: int) -> NDArray[np.int64]:
        if epoch not in self._epochs:
            self._epochs = {kept: rows for kept, rows in self._epochs.items() if kept >= epoch - 1}
            self._epochs[epoch] = order(self.seed, self.stream, epoch, self.n)
        return self._epochs[epoch]
