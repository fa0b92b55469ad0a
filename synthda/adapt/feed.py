"""The batches of a run, by step: what the loop draws from the sources and the target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from synthda.adapt.method import Batch, Method
from synthda.adapt.recipe import Recipe
from synthda.adapt.resident import Resident
from synthda.adapt.views import seen
from synthda.datasets.domain import Domain, Images
from synthda.errors import DataError, SettingError


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
    ) -> None:
        if recipe.source_batch < len(sources):
            raise SettingError(
                f"source_batch={recipe.source_batch} is too small; give at least {len(sources)}, one for each source."
            )
        if method.source_domains not in (1, len(sources)):
            raise SettingError(
                f"source_domains={method.source_domains} does not fit {len(sources)} labelled domains; give "
                f"{len(sources)}, one for each --source and --labelled-target, or 1 to pool them."
            )
        if method.uses_target and target.shape[0] == 0:
            raise DataError("The target holds no image; give a folder of photographs.")
        shares = np.diff(np.linspace(0, recipe.source_batch, len(sources) + 1).round().astype(int))
        self.sources = [
            Resident(source.images, source.labels, int(share), seed=seed, stream=1 + index, device=device)
            for index, (source, share) in enumerate(zip(sources, shares, strict=True))
        ]
        self.target = None
        if method.uses_target:
            unlabelled = np.full(target.shape[0], -1, dtype=np.int64)
            self.target = Resident(target, unlabelled, recipe.target_batch, seed=seed, stream=0, device=device)
        self.source_view, self.target_views = recipe.source_view, method.target_views or (recipe.target_view,)
        self.domains = [*self.sources, self.target] if self.target else list(self.sources)
        self.images_a_step = recipe.source_batch + (recipe.target_batch if self.target else 0)
        self.source_domain = torch.cat(
            [torch.full((int(share),), index, dtype=torch.int64) for index, share in enumerate(shares)]
        ).to(device)

    def batch(self, step: int) -> Batch:
        drawn = [source.draw(step) for source in self.sources]
        images, labels, index = (torch.cat(parts) if len(parts) > 1 else parts[0] for parts in zip(*drawn, strict=True))
        if self.target is None:
            return Batch((seen(images, self.source_view),), labels, self.source_domain, index, (), index.new_empty(0))
        target, _, target_index = self.target.draw(step)
        source_views = (seen(images, self.source_view),)
        target_views = tuple(seen(target, view) for view in self.target_views)
        return Batch(source_views, labels, self.source_domain, index, target_views, target_index)
