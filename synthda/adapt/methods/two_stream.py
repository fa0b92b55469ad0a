"""Two streams with related weights: beyond sharing weights (Rozantsev et al. 2018, TPAMI 41)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from synthda.adapt.kernels import mmd, multi_kernel, uniform
from synthda.adapt.method import Batch, LossTerms, Method
from synthda.adapt.network import Network
from synthda.settings import Between


class TwoStream(Method):
    """Source and target have feature extractors of their own, whose weights a line relates, layer by layer.

    Both start as the extractor of a source-only run, and share its label predictor. The target's is deployed. An
    update passes each half of the batch through its own stream; there are twice the weights to keep.
    """

    local_statistics = "the kernel discrepancy"
    starts_from = "source-only"

    def __init__(
        self,
        network: Network,
        *,
        relation_weight: Annotated[float, "λ_w, of the distance from the line", Between(0)] = 1.0,
        mmd_weight: Annotated[float, "λ_u, of the features' discrepancy", Between(0)] = 1.0,
    ) -> None:
        super().__init__(network)
        self.relation_weight = relation_weight
        self.mmd_weight = mmd_weight
        self.source_stream: Network = copy.deepcopy(network)
        self.source_stream.label_predictor = network.label_predictor
        layers = sum(1 for _ in layer_weights(network.feature_extractor))
        self.scales, self.shifts = nn.Parameter(torch.zeros(layers)), nn.Parameter(torch.zeros(layers))

    def begin_from(self, trained: Method) -> None:
        super().begin_from(trained)
        self.source_stream.load_state_dict(trained.network.state_dict())

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        features_s = self.source_stream.features(batch.source[0])
        features_t = self.network.features(batch.target[0])
        label = F.cross_entropy(self.network.label_predictor(features_s), batch.source_labels)
        features_s = batch.of_sources(features_s)
        kernel = multi_kernel(torch.cat([features_s, features_t]))
        return {
            "label": label,
            "relation": self.relation_weight * self.relation(),
            "mmd": self.mmd_weight * mmd(kernel, uniform(features_s), len(features_t)),
        }

    def relation(self) -> Tensor:
        """Σ_layers exp(‖a θ_s + b − θ_t‖²) − 1, with scalars a and b of each layer, at first 1 and 0.

        What is learnt is (a − 1)‖θ_s‖ and b√n: the gradient of b itself adds up over a layer's n weights, and SGD would
        throw it away.
        """
        streams = (self.source_stream.feature_extractor, self.network.feature_extractor)
        away = []
        for scale, shift, source, target in zip(self.scales, self.shifts, *map(layer_weights, streams), strict=True):
            a, b = 1 + scale / source.detach().norm().clamp_min(1e-6), shift / len(source) ** 0.5
            away.append((a * source + b - target).square().sum())
        return growth(torch.stack(away)).sum()


def layer_weights(extractor: nn.Module) -> Iterator[Tensor]:
    """Of each layer that has any, its weights and biases in one row."""
    for layer in extractor.modules():
        own = [parameter.flatten() for parameter in layer.parameters(recurse=False)]
        if own:
            yield torch.cat(own)


def growth(distance: Tensor) -> Tensor:
    """exp(d) − 1 of d ≥ 0; above 1 its tangent, e·d − 1, which neither overflows nor throws the weights about."""
    near = distance.clamp_max(1)
    return near.exp() * (1 + distance - near) - 1
