"""Subspace alignment (Fernando et al. 2013, ICCV) of what a network's last layer takes, as in Ganin et al. 2016."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from synthda.adapt.distance import some_rows
from synthda.adapt.method import Method
from synthda.adapt.network import Network
from synthda.adapt.recipe import Recipe
from synthda.adapt.resident import Loaded
from synthda.adapt.shallow.classifiers import build_classifier, check_classes
from synthda.adapt.shallow.principal import principal_directions
from synthda.settings import Between

MOST = 20_000
"""Images of each domain, at random, that are aligned: more change neither directions nor classifier."""


class SA(Method):
    """A linear classifier on the source's representation, turned into the principal directions of the target's.

    The network is a finished source-only one, and stays as it is; there is no step.
    """

    gathered_statistics = "directions and classifier, of whole domains"
    starts_from = "source-only"
    least_target = 2  # one image alone has no principal directions
    eager_because = "the method takes no steps"
    refresh_every = 1
    weight: Tensor
    bias: Tensor

    def __init__(
        self,
        network: Network,
        *,
        dimensions: Annotated[int, "of both subspaces; no more than the layer and the images have", Between(1)] = 60,
        c: Annotated[float, "C of the linear support vector machine", Between(1e-9)] = 1.0,
    ) -> None:
        super().__init__(network)
        network.requires_grad_(False)
        self.dimensions = dimensions
        self.c = c
        width = network.label_predictor[-1].in_features
        assert isinstance(width, int)
        self.register_buffer("weight", torch.zeros(network.classes, width))
        self.register_buffer("bias", torch.zeros(network.classes))

    def steps(self, recipe: Recipe) -> int:
        """None: nothing is learnt by steps."""
        return 0

    def optimizers(self, recipe: Recipe) -> dict[str, Optimizer]:
        return {}

    def refresh(self, sources: Sequence[Loaded], target: Iterable[Tensor]) -> None:
        labels = np.concatenate([domain.labels.cpu().numpy() for domain in sources])
        chosen = some_rows(len(labels), most=MOST)
        source, labels = self._representations(chain(*sources))[chosen].astype(np.float64), labels[chosen]
        other = self._representations(target)
        other = other[some_rows(len(other), most=MOST)].astype(np.float64)
        check_classes(labels)
        dimensions = min(self.dimensions, source.shape[1], len(source) - 1, len(other) - 1)
        basis_s, basis_t = (principal_directions(rows, dimensions) for rows in (source, other))
        # M = P_sᵀ P_t; the source is compared as X_s P_s M, the target as X_t P_t.
        aligned = (source - source.mean(axis=0)) @ basis_s @ (basis_s.T @ basis_t)
        scale = max(float(aligned.std()), 1e-12)  # one for all directions: C then means the same for any network
        fitted = build_classifier("svm", self.c).fit(aligned / scale, labels)
        weight = fitted.coef_ @ basis_t.T / scale
        bias = fitted.intercept_ - weight @ other.mean(axis=0)
        if len(fitted.classes_) == 2:  # one score, for the second
            weight, bias = np.concatenate([-weight, weight]), np.concatenate([-bias, bias])
        self.weight.zero_()
        self.bias.fill_(float(bias.min()) - 1e3)  # a class that no image shows is never predicted
        self.weight[fitted.classes_] = torch.from_numpy(weight).to(self.weight)
        self.bias[fitted.classes_] = torch.from_numpy(bias).to(self.bias)

    def predict(self, images: Tensor) -> Tensor:
        """Scores of the support vector machines on the target's side of the alignment."""
        return torch.nn.functional.linear(self._representation(images), self.weight, self.bias)

    def _representation(self, images: Tensor) -> Tensor:
        """(B, width): what the last layer takes."""
        shown: Tensor = self.network.label_predictor[:-1](self.network.features(images))
        return shown

    def _representations(self, images: Iterable[Tensor]) -> NDArray[Any]:
        return np.concatenate([self._representation(batch).cpu().numpy() for batch in images])
