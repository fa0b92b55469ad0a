"""The batches of a run, by step: what the loop draws from the sources and the target."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from synthda.adapt.method import Batch, Method
from synthda.adapt.placement import Placement, Wanted, load
from synthda.adapt.recipe import Recipe
from synthda.adapt.views import seen
from synthda.datasets.domain import Domain, Images
from synthda.errors import DataError, SettingError


def check_sources(method: Method, recipe: Recipe, count: int) -> None:
    """Raise SettingError unless a batch of `method` can be drawn from so many labelled domains."""
    if not method.uses_source:
        return
    if recipe.source_batch < count:
        raise SettingError(
            f"source_batch={recipe.source_batch} is too small; give at least {count}, one for each source."
        )
    if method.source_domains not in (1, count):
        raise SettingError(
            f"source_domains={method.source_domains} does not fit {count} labelled domains; give "
            f"{count}, one for each --source and --labelled-target, or 1 to pool them."
        )


class Feed:
    """The batches of a run, by step."""

    def __init__(
        self,
        method: Method,
        sources: Sequence[Domain],
        target: Images,
        recipe: Recipe,
        seed: int,
        device: torch.device,
        *,
        images: Placement = "auto",
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        sources = sources if method.uses_source else ()
        check_sources(method, recipe, len(sources))
        if method.uses_target and target.shape[0] == 0:
            raise DataError("The target holds no image; give a folder of photographs.")
        shares = np.diff(np.linspace(0, recipe.source_batch, len(sources) + 1).round().astype(int))
        wanted = [
            Wanted(source.name or "the source", source.images, source.labels, int(share), stream=1 + index)
            for index, (source, share) in enumerate(zip(sources, shares, strict=True))
        ]
        if method.uses_target:
            unlabelled = np.full(target.shape[0], -1, dtype=np.int64)
            wanted.append(Wanted("the target", target, unlabelled, recipe.target_batch, stream=0))
        self.domains = load(wanted, seed=seed, device=device, placement=images, tell=tell)
        self.sources = self.domains[: len(sources)]
        self.target = self.domains[-1] if method.uses_target else None
        self.source_views = method.source_views or (recipe.source_view,)
        self.target_views = method.target_views or (recipe.target_view,)
        self.images_a_step = sum(domain.sampler.batch for domain in self.domains)
        self.source_domain = torch.from_numpy(np.repeat(np.arange(len(shares), dtype=np.int64), shares)).to(device)
        self._none = torch.zeros(0, dtype=torch.int64, device=device)

    def batch(self, step: int) -> Batch:
        images, labels, index = self._source(step)
        source = tuple(seen(images, view) for view in self.source_views) if self.sources else ()
        if self.target is None:
            return Batch(source, labels, self.source_domain, index, (), self._none)
        target, _, target_index = self.target.draw(step)
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
            method.train()

    def _source(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Images, labels and rows of all sources, where there are any."""
        if not self.sources:
            return self._none, self._none, self._none
        drawn = [source.draw(step) for source in self.sources]
        images, labels, index = (torch.cat(parts) if len(parts) > 1 else parts[0] for parts in zip(*drawn, strict=True))
        return images, labels, index
