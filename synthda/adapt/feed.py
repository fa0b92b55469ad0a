"""The batches of a run, by step: what the loop draws from the sources and the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from synthda.adapt.method import Batch, Method, tensors_of
from synthda.adapt.ranks import ALONE, Ranks
from synthda.adapt.recipe import Recipe
from synthda.adapt.resident import Resident
from synthda.adapt.views import seen
from synthda.datasets.domain import Domain, Images
from synthda.errors import DataError, SettingError


def check_sources(method: Method, recipe: Recipe, count: int, processes: int = 1) -> None:
    """Raise SettingError unless a batch of `method` can be drawn from so many labelled domains, and divided."""
    if method.uses_target and recipe.target_batch < processes:
        raise SettingError(
            f"target_batch={recipe.target_batch} is too small for {processes} processes; give at least {processes}, "
            "or start fewer."
        )
    if not method.uses_source:
        return
    if recipe.source_batch < count * processes:
        each = "one for each source" + (f" in each of {processes} processes" if processes > 1 else "")
        raise SettingError(
            f"source_batch={recipe.source_batch} is too small; give at least {count * processes}, {each}."
        )
    if method.source_domains not in (1, count):
        raise SettingError(
            f"source_domains={method.source_domains} does not fit {count} labelled domains; give "
            f"{count}, one for each --source and --labelled-target, or 1 to pool them."
        )


def check_enough(method: Method, sources: Sequence[int], target: int, processes: int) -> None:
    """Raise DataError when a domain of so many images that `method` reads has less than one for each process."""
    read = [*(sources if method.uses_source else ()), *([target] if method.uses_target else [])]
    if processes > 1 and min(read, default=processes) < processes:
        raise DataError(
            f"{processes} processes are more than the {min(read)} images of one of the domains; start fewer, or give "
            "more images."
        )


class Feed:
    """The batches of a run, by step; of one of several processes, its part of them.

    A process takes every `ranks.size`-th image of a batch, the sources counted through: all get alike much of each.

    Attributes:
        images_a_step: of all processes.
        share: how much of them is this process's.
    """

    def __init__(
        self,
        method: Method,
        sources: Sequence[Domain],
        target: Images,
        recipe: Recipe,
        seed: int,
        device: torch.device,
        ranks: Ranks = ALONE,
    ) -> None:
        sources = sources if method.uses_source else ()
        check_sources(method, recipe, len(sources), ranks.size)
        check_enough(method, [len(source) for source in sources], target.shape[0], ranks.size)
        if method.uses_target and target.shape[0] == 0:
            raise DataError("The target holds no image; give a folder of photographs.")
        shares = np.diff(np.linspace(0, recipe.source_batch, len(sources) + 1).round().astype(int))
        drawn: dict[str, Any] = {"seed": seed, "device": device}
        evenly = {**drawn, "balanced": recipe.balanced}
        self.sources = [
            Resident(source.images, source.labels, int(share), stream=1 + index, part=ranks.part(before), **evenly)
            for index, (source, share, before) in enumerate(zip(sources, shares, shares.cumsum() - shares, strict=True))
        ]
        self.target = None
        if method.uses_target:
            unlabelled = np.full(target.shape[0], -1, dtype=np.int64)
            self.target = Resident(target, unlabelled, recipe.target_batch, stream=0, part=ranks.part(), **drawn)
        self.source_views = method.source_views or (recipe.source_view,)
        self.target_views = method.target_views or (recipe.target_view,)
        self.domains = [*self.sources, self.target] if self.target else list(self.sources)
        self.images_a_step = sum(domain.sampler.batch for domain in self.domains)
        own = sum(len(range(domain.sampler.batch)[domain.sampler.part]) for domain in self.domains)
        self.share = own / self.images_a_step
        domains = np.repeat(np.arange(len(shares), dtype=np.int64), shares)
        self.source_domain = torch.from_numpy(domains[ranks.part()]).to(device)
        self._ranks = ranks
        self._none = torch.zeros(0, dtype=torch.int64, device=device)

    def batch(self, step: int) -> Batch:
        return self.gather(self.rows(step))

    def rows(self, step: int) -> list[Tensor]:
        """Of each domain, the sources first, the rows (B,) of a step, on the device."""
        return [domain.rows(step) for domain in self.domains]

    def gather(self, rows: Sequence[Tensor]) -> Batch:
        """The batch of these rows, in the views that the method compares; the same operations each time."""
        images, labels, index = self._source(rows[: len(self.sources)])
        source = tuple(seen(images, view) for view in self.source_views) if self.sources else ()
        if self.target is None:
            return Batch(source, labels, self.source_domain, index, (), self._none)
        target, _, target_index = self.target.gather(rows[-1])
        target_views = tuple(seen(target, view) for view in self.target_views)
        return Batch(source, labels, self.source_domain, index, target_views, target_index)

    def refresh(self, method: Method, step: int) -> None:
        """Before `step`: show the whole domains to the method if `refresh_every` passes over the target begin there."""
        if method.refresh_every is None or self.target is None:
            return
        before, now = (self.target.sampler.passes(at) // method.refresh_every for at in (step - 1, step))
        if now > before:
            method.eval()
            with torch.no_grad():
                method.refresh(self.sources, self.target)
                self._ranks.follow(tensors_of(method))  # all have seen the same, perhaps on unlike machines
            method.train()

    def _source(self, rows: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Images, labels and rows of all sources, where there are any."""
        if not self.sources:
            return self._none, self._none, self._none
        drawn = [source.gather(own) for source, own in zip(self.sources, rows, strict=True)]
        images, labels, index = (torch.cat(parts) if len(parts) > 1 else parts[0] for parts in zip(*drawn, strict=True))
        return images, labels, index
