"""The order in which a labelled domain is seen when each batch is to hold all classes equally often."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CLASSES, IMAGES, PLACES = 1, 2, 3
"""What is drawn: tells these keys apart from each other and, by their length, from those of `order`."""


class BalancedSampler:
    """Batches of rows by step, as `Sampler` gives them, in which every class has as many rows as any other or one more.

    Classes take turns in an order that stays; the i-th turn of a class takes its i-th row of the endless sequence of
    its own passes, each without replacement. So a rare class is seen more often than a frequent one, and no row of a
    class twice before all others once. Within a batch the rows are shuffled, so that the parts of several processes
    are as mixed as the whole.

    Attributes:
        part: which places of a batch are given out: those of one of several processes.
    """

    def __init__(
        self, seed: int, stream: int, labels: NDArray[np.int64], batch: int, part: slice = slice(None)
    ) -> None:
        """`labels` are (n,), all of them known; classes without a row are left out."""
        self.seed, self.stream, self.n, self.batch, self.part = seed, stream, len(labels), batch, part
        self._members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        self._turns = self._rng(0, 0, CLASSES).permutation(len(self._members))
        self._passes: dict[int, tuple[int, NDArray[np.int64]]] = {}

    def rows(self, step: int) -> NDArray[np.int64]:
        """The rows of this step, (batch,) or their part, whatever steps were asked for before."""
        places = np.arange(step * self.batch, (step + 1) * self.batch)
        turn, which = np.divmod(places, len(self._turns))
        rows = np.empty(self.batch, np.int64)
        for label in np.unique(self._turns[which]):
            own = self._turns[which] == label
            rows[own] = self._taken(int(label), turn[own])
        return self._rng(step, 0, PLACES).permutation(rows)[self.part]

    def passes(self, step: int) -> int:
        """How often as many rows as the domain has lie before this step's first; −1 before the first step."""
        return step * self.batch // self.n

    def _taken(self, label: int, turns: NDArray[np.int64]) -> NDArray[np.int64]:
        """The class's rows of these turns, which follow one another."""
        each = len(self._members[label])
        return np.array([self._pass(label, int(turn) // each)[int(turn) % each] for turn in turns], dtype=np.int64)

    def _pass(self, label: int, number: int) -> NDArray[np.int64]:
        known = self._passes.get(label)
        if known is None or known[0] != number:
            known = number, self._rng(number, label, IMAGES).permutation(self._members[label])
            self._passes[label] = known
        return known[1]

    def _rng(self, first: int, second: int, what: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.stream, first, second, what])
