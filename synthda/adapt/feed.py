"""The batches of a run, by step: what the loop draws from the sources and the target."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from synthda.adapt.method import Batch, Method, tensors_of
from synthda.adapt.placement import Placement, Wanted, load
from synthda.adapt.ranks import ALONE, Ranks
from synthda.adapt.recipe import Recipe
from synthda.adapt.resident import Drawn, Resident
from synthda.adapt.views import seen
from synthda.datasets.domain import Domain, Images
from synthda.errors import DataError, SettingError
from synthda.wording import counted


def check_sources(method: Method, recipe: Recipe, sources: int, processes: int = 1, *, labelled_target: bool) -> None:
    """Raise SettingError unless a batch of `method` can be drawn from so many sources, and divided."""
    if method.uses_target and recipe.target_batch < processes:
        raise SettingError(
            f"target_batch={recipe.target_batch} is too small for {processes} processes; give at least {processes}, "
            "or start fewer."
        )
    if not method.uses_source:
        return
    count = sources + labelled_target
    if recipe.source_batch < count * processes:
        each = "one for each source" + (f" in each of {processes} processes" if processes > 1 else "")
        raise SettingError(
            f"source_batch={recipe.source_batch} is too small; give at least {count * processes}, {each}."
        )
    if method.source_domains not in (1, sources):
        raise SettingError(
            f"source_domains={method.source_domains} does not fit {counted(sources, 'source')}; give {sources}, one "
            "for each --source, or 1 to pool them."
        )


def check_enough(method: Method, sources: Sequence[int], target: int, processes: int) -> None:
    """Raise DataError when a domain of so many images that `method` reads has too few for it, or for the processes."""
    if method.uses_target and 0 < target < method.least_target:
        raise DataError(
            f"The target has {counted(target, 'image')}, and this method needs {method.least_target} or more; give "
            "more photographs, or another method."
        )
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
        *,
        labelled_target: Domain | None = None,
        images: Placement = "auto",
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        sources = sources if method.uses_source else ()
        few = [labelled_target] if labelled_target is not None and method.uses_source else []
        check_sources(method, recipe, len(sources), ranks.size, labelled_target=bool(few))
        sources = [*sources, *few]
        check_enough(method, [len(source) for source in sources], target.shape[0], ranks.size)
        if method.uses_target and target.shape[0] == 0:
            raise DataError("The target holds no image; give a folder of photographs.")
        shares = np.diff(np.linspace(0, recipe.source_batch, len(sources) + 1).round().astype(int))
        parts, even = [ranks.part(before) for before in shares.cumsum() - shares], recipe.balanced
        wanted = [
            Wanted(source.name or "the source", source.images, source.labels, int(share), 1 + index, part, even)
            for index, (source, share, part) in enumerate(zip(sources, shares, parts, strict=True))
        ]
        if method.uses_target:
            unlabelled = np.full(target.shape[0], -1, dtype=np.int64)
            wanted.append(Wanted("the target", target, unlabelled, recipe.target_batch, 0, ranks.part()))
        self.domains = load(wanted, seed=seed, device=device, placement=images, tell=tell)
        self.sources = self.domains[: len(sources)]
        self.target = self.domains[-1] if method.uses_target else None
        self.source_views = method.source_views or (recipe.source_view,)
        self.target_views = method.target_views or (recipe.target_view,)
        self.images_a_step = sum(domain.sampler.batch for domain in self.domains)
        own = sum(len(range(domain.sampler.batch)[domain.sampler.part]) for domain in self.domains)
        self.share = own / self.images_a_step
        domains = np.repeat(np.arange(len(shares), dtype=np.int64), shares)
        own_domains = domains[ranks.part()]
        self.source_domain = torch.from_numpy(own_domains).to(device)
        self.labelled_target = int((own_domains == len(sources) - 1).sum()) if few else 0
        self._ranks = ranks
        self._none = torch.zeros(0, dtype=torch.int64, device=device)

    @property
    def on_device(self) -> bool:
        """Whether every image lies where it is used, so that a batch is the device's work alone."""
        return all(isinstance(domain, Resident) and domain.on_device for domain in self.domains)

    def batch(self, step: int) -> Batch:
        return self._batch([domain.draw(step) for domain in self.domains])

    def rows(self, step: int) -> list[Tensor]:
        """Of each domain, the sources first, the rows (B,) of a step, on the device; only where that has the images."""
        return [domain.rows(step) for domain in self._resident]

    def gather(self, rows: Sequence[Tensor]) -> Batch:
        """The batch of these rows: the same operations of the device each time."""
        return self._batch([domain.gather(own) for domain, own in zip(self._resident, rows, strict=True)])

    @property
    def _resident(self) -> list[Resident]:
        return [domain for domain in self.domains if isinstance(domain, Resident)]

    def _batch(self, drawn: Sequence[Drawn]) -> Batch:
        """Images in the views that the method compares."""
        images, labels, index = self._source(drawn[: len(self.sources)])
        source = tuple(seen(images, view) for view in self.source_views) if self.sources else ()
        if self.target is None:
            return Batch(source, labels, self.source_domain, index, (), self._none, self.labelled_target)
        target, _, target_index = drawn[-1]
        target_views = tuple(seen(target, view) for view in self.target_views)
        return Batch(source, labels, self.source_domain, index, target_views, target_index, self.labelled_target)

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

    def _source(self, drawn: Sequence[Drawn]) -> Drawn:
        """Images, labels and rows of all sources, where there are any."""
        if not self.sources:
            return self._none, self._none, self._none
        images, labels, index = (torch.cat(parts) if len(parts) > 1 else parts[0] for parts in zip(*drawn, strict=True))
        return images, labels, index
