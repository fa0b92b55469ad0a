"""What an adaptation method is: a module that holds a network and turns a batch into named losses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from synthda.adapt.network import Network
from synthda.adapt.ranks import ALONE, Ranks
from synthda.adapt.recipe import Recipe
from synthda.adapt.resident import Loaded
from synthda.adapt.views import View

LossTerms = dict[str, Tensor]


@dataclass(frozen=True)
class Batch:
    """One step's images. There is no field for labels of `target`: a few labelled target images are in `source`.

    Attributes:
        source, target: views, each (B, 3, H, W) float in [0, 1]; B may differ between the two, and a domain that the
            method does not use has none.
        source_labels: (B,) int64 class indices.
        source_domain: (B,) int64, which of the sources 0…S−1 an image comes from; S for a labelled target image.
        source_index, target_index: (B,) int64 rows of the images in their domains.
        labelled_target: how many of `source`, the last ones, are labelled images of the target. They teach labels; a
            loss that compares the domains takes the others, by `of_sources`.
    """

    source: tuple[Tensor, ...]
    source_labels: Tensor
    source_domain: Tensor
    source_index: Tensor
    target: tuple[Tensor, ...]
    target_index: Tensor
    labelled_target: int = 0

    def of_sources(self, rows: Tensor) -> Tensor:
        """Of rows (B, …) in the order of `source`, those of the sources."""
        return rows[: len(rows) - self.labelled_target] if self.labelled_target else rows


class Descend(Protocol):
    """The one door to the parameters: backward, the guard against NaN, the optimizers' steps."""

    def __call__(self, loss: Tensor, *optimizer_names: str) -> None:
        """Step the named optimizers down `loss`; without names, all of them."""


class Method(nn.Module):
    """A way to train a network; its settings are its keyword-only arguments.

    Attributes:
        revision: raised whenever the same settings come to train other weights than before, so that what was trained
            before is known to be another run.
        uses_source, uses_target: which images the losses read; the loop gathers no others.
        least_target: the fewest target images that it can learn from.
        source_views, target_views: the views of each image that the losses compare; empty for one, as the recipe says.
        starts_from: name of the method whose finished run this one goes on from; it is trained first where missing.
        source_domains: how many sources the losses tell apart; 1 where they are pooled.
        learns_unknown: whether the losses teach the last class, `unknown`, of which the sources show nothing.
        unknown_below: where every class is less probable, what is deployed answers `unknown`; None for no such answer.
        unknown_logit: of `unknown`, the same for every image, beside the classes' logits; None for no such answer.
        temperature: what is deployed divides its logits by.
        start_settings: keyword arguments of that method.
        needs_float32: why a coarser precision would not do, as the middle of a sentence; None where it does.
        eager_because: why a step is not the same operations on the same tensors each time, unseen by the host, as half
            a sentence; None where it is, and may be replayed as a CUDA graph.
        refresh_every: passes over the target between two calls of `refresh`; None for no call.
        local_statistics: what the losses take over a batch, and each of several processes over its own part of it;
            none where losses are means over images, so that the parts' gradients average to the whole batch's.
        gathered_statistics: what is taken over the parts of all processes.
        ranks: the processes that train this method.
    """

    revision: ClassVar[int] = 0
    uses_source: ClassVar[bool] = True
    uses_target: ClassVar[bool] = True
    least_target: ClassVar[int] = 1
    source_views: tuple[View, ...] = ()
    target_views: tuple[View, ...] = ()
    starts_from: str | None = None
    source_domains: int = 1
    learns_unknown: ClassVar[bool] = False
    unknown_below: float | None = None
    unknown_logit: float | None = None
    temperature: float = 1.0
    start_settings: Mapping[str, Any] = MappingProxyType({})
    needs_float32: str | None = None
    eager_because: str | None = None
    refresh_every: int | None = None
    local_statistics: ClassVar[str] = ""
    gathered_statistics: ClassVar[str] = ""
    ranks: Ranks = ALONE

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def begin_from(self, trained: Method) -> None:
        """Take over what a trained method of `starts_from` around an equal network has learnt."""
        self.network.load_state_dict(trained.network.state_dict())

    def can_begin_from(self, trained: Method) -> bool:
        """Whether `begin_from` can take over a method of `starts_from` around an equal network, whatever its settings.

        All that take over the network alone can.
        """
        return True

    def normalise_by(self, mean: Tensor, std: Tensor) -> None:
        """Tell every network the training images' channel means and deviations, (3,) in [0, 1].

        A method that starts from a trained network keeps that one's.
        """
        if self.starts_from is None:
            self.network.normalise_by(mean, std)

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        """Named 0-dim terms at progress p, a 0-dim tensor in [0, 1] on the device.

        Terms that carry a gradient are summed into the loss, unless a `step` of the method's own descends them one by
        one; the others are observations, logged beside them.
        """
        raise NotImplementedError

    def optimizers(self, recipe: Recipe) -> dict[str, Optimizer]:
        """Optimizers by name: one over all parameters, unless the method alternates."""
        return {"all": recipe.build_optimizer(list(self.parameters()))}

    def step(self, batch: Batch, p: Tensor, descend: Descend) -> LossTerms:
        """One update; methods that alternate between losses override it."""
        terms = self.losses(batch, p)
        descend(sum((term for term in terms.values() if term.requires_grad), start=p.new_zeros(())))
        return {name: term.detach() for name, term in terms.items()}

    def steps(self, recipe: Recipe) -> int:
        """How many updates the loop makes: the recipe's, unless nothing is learnt by steps."""
        return recipe.steps

    def refresh(self, sources: Sequence[Loaded], target: Iterable[Tensor]) -> None:
        """See whole domains: before the first step, and where each `refresh_every` passes over the target begin.

        Called in evaluation mode, without gradients. A run that is stopped goes on from its checkpoint between two
        refreshes: what they leave belongs in the state dict, as extra state where its size is the target's.

        Args:
            sources: iterated, each gives its images as the target does; none where `uses_source` is False.
            target: images (B, 3, H, W) float in [0, 1], unchanged by any view and in the order of their rows, to which
                `Batch.target_index` refers; it may be iterated more than once.
        """
        raise NotImplementedError

    def predict(self, images: Tensor) -> Tensor:
        """Logits (B, classes) of what is deployed, from (B, 3, H, W) float in [0, 1]."""
        logits: Tensor = self.network(images)
        return logits

    def chances(self, images: Tensor) -> Tensor:
        """Probabilities (B, classes) of what is deployed, those of `unknown` last where it is not a learnt class.

        With a logit of its own, `unknown` is the largest where no class's logit reaches that. A threshold t takes part
        as one more probability, and all are divided by 1 + t: `unknown` is the largest where every class has less.
        """
        logits = self.predict(images)
        logits = logits if self.temperature == 1 else logits / self.temperature
        if self.unknown_logit is not None:
            return torch.cat([logits, torch.full_like(logits[:, :1], self.unknown_logit)], dim=1).softmax(dim=1)
        known = logits.softmax(dim=1)
        if self.unknown_below is None:
            return known
        limit = torch.full_like(known[:, :1], self.unknown_below)
        return torch.cat([known, limit], dim=1) / (1 + self.unknown_below)


def local_statistics_of(method: Method) -> list[str]:
    """What each of several processes takes over its own images alone while `method` is trained."""
    parts = (part for part in method.modules() if isinstance(part, Method))
    named = dict.fromkeys(part.local_statistics for part in parts if part.local_statistics)
    return [*named, *(["batch norm"] if method.network.uses_batch_statistics else [])]


def tensors_of(method: Method) -> list[Tensor]:
    """All that a checkpoint holds of `method`, to be read or overwritten: parameters, buffers, extra state."""
    return [value for value in method.state_dict().values() if isinstance(value, Tensor)]
