"""Maximum classifier discrepancy (Saito et al. 2018, CVPR)."""

from __future__ import annotations

import copy
from typing import Annotated

from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from synthda.adapt.method import Batch, Descend, LossTerms, Method
from synthda.adapt.network import Network
from synthda.adapt.networks.layers import initialise
from synthda.adapt.recipe import Recipe
from synthda.settings import Between


class MCD(Method):
    """Two predictors look for target images on which they disagree; the features then bring them to agree."""

    def __init__(
        self,
        network: Network,
        *,
        generator_steps: Annotated[int, "updates of the features in each step", Between(1, 20)] = 4,
    ) -> None:
        super().__init__(network)
        self.generator_steps = generator_steps
        self.second: nn.Module = copy.deepcopy(network.label_predictor)
        initialise(self.second)

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        features_s, features_t = self.network.features_of_both(batch.source[0], batch.target[0])
        return {"label": self._label(features_s, batch), "discrepancy": self._discrepancy(features_t)}

    def optimizers(self, recipe: Recipe) -> dict[str, Optimizer]:
        predictors = [*self.network.label_predictor.parameters(), *self.second.parameters()]
        return {
            "generator": recipe.build_optimizer(list(self.network.feature_extractor.parameters())),
            "predictors": recipe.build_optimizer(predictors),
        }

    def step(self, batch: Batch, p: Tensor, descend: Descend) -> LossTerms:
        # A: all learn the source.
        terms = self.losses(batch, p)
        descend(terms["label"], "generator", "predictors")
        # B: with the features as they are, the predictors disagree on the target and still know the source.
        features = self.network.features_of_both(batch.source[0], batch.target[0])
        features_s, features_t = (each.detach() for each in features)
        descend(self._label(features_s, batch) - self._discrepancy(features_t), "predictors")
        # C: the features bring them together again.
        for _ in range(self.generator_steps):
            descend(self._discrepancy(self.network.features(batch.target[0])), "generator")
        return {name: term.detach() for name, term in terms.items()}

    def predict(self, images: Tensor) -> Tensor:
        """The mean of both predictors' logits."""
        features = self.network.features(images)
        mean: Tensor = (self.network.label_predictor(features) + self.second(features)) / 2
        return mean

    def _label(self, features: Tensor, batch: Batch) -> Tensor:
        """The cross-entropies of both."""
        predictors = (self.network.label_predictor, self.second)
        first, second = (F.cross_entropy(each(features), batch.source_labels) for each in predictors)
        return first + second

    def _discrepancy(self, features: Tensor) -> Tensor:
        """d(p₁, p₂) = 1/K Σ_k |p₁ₖ − p₂ₖ|, mean over the batch."""
        first, second = (each(features).softmax(dim=1) for each in (self.network.label_predictor, self.second))
        distance: Tensor = (first - second).abs().mean()
        return distance
