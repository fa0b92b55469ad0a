"""Source hypothesis transfer, SHOT (Liang et al. 2020, ICML)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Self

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Optimizer

from synthda.adapt.additive import entropy
from synthda.adapt.method import Batch, LossTerms, Method
from synthda.adapt.network import Network
from synthda.adapt.recipe import Recipe
from synthda.adapt.resident import Loaded
from synthda.settings import Between

OUT = -1
"""In place of the pseudo-label of an image that no loss looks at."""


class SHOT(Method):
    """Without any source image: features of the target that a finished source model is sure of, in every class.

    The model's label predictor stays. At each pass over the target, every image gets as its pseudo-label the class
    whose centroid is nearest, in the last layer before the logits. With an open set, the images in the less certain of
    two clusters, by the entropy of their predictions, are left out until the next pass.
    """

    local_statistics = "the mean prediction, which is to be diverse"
    gathered_statistics = "pseudo-labels, of the whole target"
    starts_from = "source-only"
    uses_source = False
    eager_because = "the pseudo-labels are new ones after each pass"
    refresh_every = 1

    def __init__(
        self,
        network: Network,
        *,
        pseudo_weight: Annotated[float, "β, of the pseudo-labels; the paper's: .1 for digits", Between(0)] = 0.3,
        label_smoothing: Annotated[float, "of the source model, which is trained first", Between(0, 1)] = 0.1,
        open_set: Annotated[bool, "leave out the target's images that look like no class"] = False,
    ) -> None:
        super().__init__(network)
        self.open_set = open_set
        self.pseudo_weight = pseudo_weight
        self.start_settings = {"label_smoothing": label_smoothing}
        self.pseudo_labels = torch.zeros(0, dtype=torch.int64)
        network.check_features_learn("SHOT")
        network.label_predictor.requires_grad_(False)

    def train(self, mode: bool = True) -> Self:
        """The label predictor is finished: it stays as deployed."""
        super().train(mode)
        self.network.label_predictor.eval()
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Also to the pseudo-labels: of the target's length, they are no buffer, and go where the weights go."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.pseudo_labels = fn(self.pseudo_labels)
        return self

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        logits, labels = self.network(batch.target[0]), self.pseudo_labels[batch.target_index]
        kept = (labels != OUT).to(logits)
        chances = logits.softmax(dim=1)
        pseudo = F.cross_entropy(logits, labels, ignore_index=OUT, reduction="none")
        # L_ent + L_div − β E[ln δ_ŷ(x)], where δ is the softmax: L_ent = −E[Σ_k δ_k(x) ln δ_k(x)], and
        # L_div = Σ_k p̂_k ln p̂_k of the mean prediction p̂ = E[δ(x)].
        return {
            "entropy": _mean(entropy(chances), kept),
            "diversity": -entropy(_mean(chances, kept)[None]).squeeze(),
            "pseudo_label": self.pseudo_weight * _mean(pseudo, kept),
            **({"kept": kept.mean()} if self.open_set else {}),
        }

    def optimizers(self, recipe: Recipe) -> dict[str, Optimizer]:
        return {"features": recipe.build_optimizer(list(self.network.feature_extractor.parameters()))}

    def refresh(self, sources: Sequence[Loaded], target: Iterable[Tensor]) -> None:
        predictor = self.network.label_predictor
        shown = torch.cat([predictor[:-1](self.network.features(images)) for images in target])
        chances = predictor[-1](shown).softmax(dim=1)
        looked_at = surer_cluster(entropy(chances)) if self.open_set else torch.ones_like(shown[:, 0], dtype=torch.bool)
        self.pseudo_labels = torch.full_like(looked_at, OUT, dtype=torch.int64)
        self.pseudo_labels[looked_at] = centroid_labels(shown[looked_at], chances[looked_at])

    def get_extra_state(self) -> Tensor:
        """The pseudo-labels, (N,) int64: they outlive the weights that they were made by."""
        return self.pseudo_labels

    def set_extra_state(self, state: Tensor) -> None:
        self.pseudo_labels = state.to(self.network.mean.device)


def _mean(each: Tensor, kept: Tensor) -> Tensor:
    """Of (B, …) over the images whose (B,) `kept` is 1; 0 where there are none."""
    kept = kept.view(-1, *[1] * (each.dim() - 1))
    return (each * kept).sum(dim=0) / kept.sum().clamp_min(1)


def surer_cluster(uncertainty: Tensor) -> Tensor:
    """(N,) bool: which images are in the lower of the two clusters of (N,) numbers that k-means looks for.

    In one dimension the best two are found by trying each cut of the sorted numbers.
    """
    ordered = uncertainty.cpu().double().sort().values  # no device of Apple's has doubles
    below = torch.arange(1, len(ordered))
    sums = ordered.cumsum(dim=0)
    means = sums[:-1] / below, (sums[-1] - sums[:-1]) / (len(ordered) - below)
    between = below * (len(ordered) - below) * (means[1] - means[0]).square()
    if len(ordered) < 2 or between.max() == 0:
        return torch.ones_like(uncertainty, dtype=torch.bool)
    return uncertainty <= ordered[between.argmax()].to(uncertainty)


def centroid_labels(features: Tensor, chances: Tensor) -> Tensor:
    """(N,) int64: for each image the class with the nearest centroid, by cosine distance.

    The centroids are at first means of all features, (N, D), weighted by the predictions, (N, classes), and then, once
    more, plain means of those that were nearest; a class that was nearest to none keeps its first.
    """
    centroids = (chances.T @ features) / chances.sum(dim=0)[:, None].clamp_min(1e-12)
    members = F.one_hot(_nearest(features, centroids), chances.shape[1]).to(features)
    counts = members.sum(dim=0)[:, None]
    centroids = torch.where(counts > 0, (members.T @ features) / counts.clamp_min(1), centroids)
    return _nearest(features, centroids)


def _nearest(features: Tensor, centroids: Tensor) -> Tensor:
    nearest: Tensor = (F.normalize(features) @ F.normalize(centroids).T).argmax(dim=1)
    return nearest
