"""The order in which a domain's images are seen: a pure function of (seed, epoch), without replacement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.shards import BLOCK, rows_per_chunk

WINDOW = 64 * BLOCK
"""Rows shuffled among each other: what a streaming reader holds in memory. Smaller domains are shuffled whole."""
WINDOW_BYTES = 128 << 20
"""What the rows of a window take at most; up to 52×52 px, `WINDOW` rows take less."""


def rows_per_window(image_bytes: int) -> int:
    """How many rows of images of so many bytes are shuffled among each other: whole chunks, at least one."""
    if image_bytes * WINDOW <= WINDOW_BYTES:
        return WINDOW
    together = rows_per_chunk(image_bytes)
    return max(1, WINDOW_BYTES // (together * image_bytes)) * together


def order(seed: int, stream: int, epoch: int, n: int, image_bytes: int = 0) -> NDArray[np.int64]:
    """All of 0…n−1 once: blocks shuffled, then rows within windows, so that shards can be streamed in this order.

    Args:
        seed: of the run.
        stream: tells apart the domains that a run reads, so that no two move in step.
        epoch: how often the domain has been seen.
        n: rows in the domain.
        image_bytes: of one image; where a window holds fewer rows, chunks are shuffled instead of blocks, so that it
            still mixes rows from a hundred places.
    """
    rng = np.random.default_rng([seed, stream, epoch])
    window = rows_per_window(image_bytes)
    block = BLOCK if n <= window or window == WINDOW else rows_per_chunk(image_bytes)
    blocks = rng.permutation(-(-n // block))
    rows = (blocks[:, None] * block + np.arange(block)).ravel()
    rows = rows[rows < n]
    for first in range(0, n, window):
        rng.shuffle(rows[first : first + window])
    return rows


class Sampler:
    """Batches of rows by step: step k takes the k-th `batch` rows of the endless sequence of epochs.

    Attributes:
        part: which places of a batch are given out: those of one of several processes.
        image_bytes: as in `order`.
    """

    def __init__(
        self, seed: int, stream: int, n: int, batch: int, part: slice = slice(None), *, image_bytes: int = 0
    ) -> None:
        self.seed, self.stream, self.n, self.batch = seed, stream, n, batch
        self.part, self.image_bytes = part, image_bytes
        self._epochs: dict[int, NDArray[np.int64]] = {}

    def span(self, step: int) -> tuple[int, int]:
        """The step's part of the endless sequence: where it begins, and the place after its end."""
        return step * self.batch, (step + 1) * self.batch

    def rows(self, step: int) -> NDArray[np.int64]:
        """The rows of this step, (batch,) or their part, whatever steps were asked for before."""
        first, last = self.span(step)
        parts = []
        for epoch in range(first // self.n, (last - 1) // self.n + 1):
            begin = epoch * self.n
            parts.append(self.epoch(epoch)[max(first - begin, 0) : last - begin])
        return (parts[0] if len(parts) == 1 else np.concatenate(parts))[self.part]

    def passes(self, step: int) -> int:
        """How many whole passes over the domain lie before this step's first row; −1 before the first step."""
        return step * self.batch // self.n

    def epoch(self, epoch: int) -> NDArray[np.int64]:
        """(n,) all rows, in the order in which this epoch sees them."""
        if epoch not in self._epochs:
            self._epochs = {kept: rows for kept, rows in self._epochs.items() if kept >= epoch - 1}
            self._epochs[epoch] = order(self.seed, self.stream, epoch, self.n, self.image_bytes)
        return self._epochs[epoch]
