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


class SHOT(Method):
    """Without any source image: features of the target that a finished source model is sure of, in every class.

    The model's label predictor stays. At each pass over the target, every image gets as its pseudo-label the class
    whose centroid is nearest, in the last layer before the logits.
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
    ) -> None:
        super().__init__(network)
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
        logits = self.network(batch.target[0])
        chances = logits.softmax(dim=1)
        pseudo = F.cross_entropy(logits, self.pseudo_labels[batch.target_index])
        return {
            "entropy": entropy(chances).mean(),
            "diversity": -entropy(chances.mean(dim=0, keepdim=True)).squeeze(),
            "pseudo_label": self.pseudo_weight * pseudo,
        }

    def optimizers(self, recipe: Recipe) -> dict[str, Optimizer]:
        return {"features": recipe.build_optimizer(list(self.network.feature_extractor.parameters()))}

    def refresh(self, sources: Sequence[Loaded], target: Iterable[Tensor]) -> None:
        predictor = self.network.label_predictor
        shown = torch.cat([predictor[:-1](self.network.features(images)) for images in target])
        self.pseudo_labels = centroid_labels(shown, predictor[-1](shown).softmax(dim=1))

    def get_extra_state(self) -> Tensor:
        """The pseudo-labels, (N,) int64: they outlive the weights that they were made by."""
        return self.pseudo_labels

    def set_extra_state(self, state: Tensor) -> None:
        self.pseudo_labels = state.to(self.network.mean.device)


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
