"""Residual transfer networks (Long et al. 2016, NIPS)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import mul
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from synthda.adapt.additive import Seen, entropy
from synthda.adapt.kernels import gaussian, mmd, uniform
from synthda.adapt.method import Batch, LossTerms, Method
from synthda.adapt.network import Network
from synthda.adapt.networks.layers import fully_connected, initialise
from synthda.adapt.schedules import adaptation_factor
from synthda.settings import Between


class RTN(Method):
    """Source and target have predictors that differ by a small learnt residual; features times logits coincide.

    The label loss is the source predictor's, so the method has its own and does not combine. Both predictors start as
    that of a source-only run, with a residual of 0: from random weights, the residual alone may learn the labels.
    """

    local_statistics = "the kernel discrepancy and its bandwidth"
    starts_from = "source-only"

    def __init__(
        self,
        network: Network,
        *,
        rtn_weight: Annotated[float, "λ, of the discrepancy of features ⊗ logits", Between(0)] = 0.3,
        entropy_weight: Annotated[float, "γ in the paper, of the target's entropy", Between(0)] = 0.3,
        gamma: Annotated[float, "steepness of their rise, 2 / (1 + exp(−γp)) − 1", Between(0)] = 10.0,
    ) -> None:
        super().__init__(network)
        self.rtn_weight = rtn_weight
        self.entropy_weight = entropy_weight
        self.gamma = gamma
        self.residual = fully_connected((network.classes, network.classes, network.classes))
        initialise(self.residual)
        last = self.residual[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        seen, rise = Seen(self.network, batch), adaptation_factor(p, self.gamma)
        # f_S(x) = f_T(x) + Δf(f_T(x)); the network itself is f_T, which is deployed
        logits = seen.labelled_logits + self.residual(seen.labelled_logits)
        fused = [torch.cat([seen.layers_s[layer], seen.layers_t[layer]]) for layer in (-2, -1)]
        distances = tensor_distances(fused)
        bandwidth = distances.detach().median().clamp_min(1e-12)
        # k(z, z') = exp(−‖z − z'‖² / b), b the median of the squared distances
        discrepancy = mmd(gaussian(distances, [bandwidth / 2]), uniform(seen.logits_s), len(seen.logits_t))
        return {
            "label": F.cross_entropy(logits, batch.source_labels),
            "tensor_mmd": self.rtn_weight * rise * discrepancy,
            "entropy": self.entropy_weight * rise * entropy(seen.chances_t).mean(),
        }


def tensor_distances(layers: Sequence[Tensor]) -> Tensor:
    """Squared distances (n, n) of the layers' tensor products z_i = ⊗_l x_i^l, which are never built.

    The inner product of two tensor products is the product of the layers' inner products.
    """
    # Factor by factor: the gradient of torch's prod asks the host whether a factor is 0.
    products = reduce(mul, [layer @ layer.T for layer in layers])
    norms = products.diagonal()
    return (norms[:, None] + norms[None] - 2 * products).clamp_min(0)
