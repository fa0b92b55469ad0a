"""One step of training: a batch gathered, the method's update, its terms added up; nothing waits for the device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import torch
from torch import Tensor

from synthda.adapt.descent import Descent
from synthda.adapt.feed import Feed
from synthda.adapt.graph import CARRIED, Graph, Work, captured, check_graph, why_eager
from synthda.adapt.method import Batch, Method
from synthda.adapt.precision import check_precision
from synthda.adapt.recipe import Recipe
from synthda.errors import SettingError


def check_arithmetic(recipe: Recipe, method: Method, device: torch.device | str) -> None:
    """Raise SettingError unless `method` can be trained on `device` in the recipe's precision, by a graph if asked."""
    check_precision(recipe.precision, method, device)
    check_graph(recipe.graph, method, device)


class Terms(Protocol):
    """What a step's terms are added to."""

    def add(self, terms: dict[str, Tensor]) -> None:
        """Add one step's terms, without waiting for the device."""

    def state(self) -> Iterable[Tensor]:
        """The sums."""


class Stepper:
    """Takes a method's steps: operation by operation, or, where `why_eager` finds no reason, as a CUDA graph.

    A graph reads the rows of its images, progress and learning rates from tensors that are written before each replay.
    Its first replay is of the first step: going on from a checkpoint is the same as not having stopped.
    """

    def __init__(
        self, method: Method, feed: Feed, descend: Descent, log: Terms, graph: Graph, device: torch.device
    ) -> None:
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        self._method, self._feed, self._descend, self._log = method, feed, descend, log
        self._device, self._p = device, torch.zeros((), device=device)
        self._replays = why_eager(graph, method, device, on_device=feed.on_device) is None
        if graph == "on" and not self._replays:
            raise SettingError(f"--graph on is not possible: {CARRIED}; give --graph auto, or --images device.")
        self._rows: list[Tensor] = []
        self._replay: Work | None = None

    def __call__(self, step: int, p: float) -> None:
        """Take step number `step` at progress `p`; the generators have been seeded for it."""
        self._p.fill_(p)
        self._descend.at(p)
        if not self._replays:
            self._take(self._feed.batch(step))
            return
        rows = self._feed.rows(step)
        if self._replay is None:
            self._rows = [each.clone() for each in rows]
            self._descend.make_capturable()
            self._replay = captured(lambda: self._take(self._feed.gather(self._rows)), self._device, self._state)
        for place, each in zip(self._rows, rows, strict=True):
            place.copy_(each)
        self._replay()

    def _take(self, batch: Batch) -> None:
        self._log.add(self._method.step(batch, self._p, self._descend))

    def _state(self) -> Iterator[Tensor]:
        """All that a step changes."""
        yield from self._method.parameters()
        yield from self._method.buffers()
        yield from self._descend.state()
        yield from self._log.state()
