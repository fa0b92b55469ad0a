"""Batch spectral penalisation (Chen et al. 2019, ICML)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from synthda.adapt.additive import AdditiveMethod, Seen
from synthda.adapt.method import LossTerms
from synthda.adapt.network import Network
from synthda.settings import Between


class BSP(AdditiveMethod):
    """No direction of the features outshines the others, which adversarial alignment would bring about.

    It aligns nothing by itself: it is meant beside an adversary, as dann+bsp or cdan+bsp.
    """

    eager_because = "the host is asked whether the eigenvalues have converged"
    local_statistics = "the largest singular values"

    def __init__(
        self,
        network: Network,
        *,
        bsp_weight: Annotated[float, "β, of the largest squared singular values", Between(0)] = 2e-4,
    ) -> None:
        super().__init__(network)
        self.bsp_weight = bsp_weight

    def terms(self, seen: Seen, p: Tensor) -> LossTerms:
        # β (σ₁(F_s)² + σ₁(F_t)²), of the features that a domain classifier sees
        return {"spectral": self.bsp_weight * (largest(seen.features_s) + largest(seen.features_t))}


def largest(features: Tensor) -> Tensor:
    """σ₁² of rows (n, d): the largest eigenvalue of F Fᵀ, which is n × n however wide the features are.

    The gradient of an eigenvalue divides by no difference of eigenvalues, so that equal ones do no harm.
    """
    products = features @ features.T
    if not products.isfinite().all():
        return products.sum()  # not finite either, for the loop to tell: eigvalsh would raise an error of its own
    found: Tensor = torch.linalg.eigvalsh(products)[-1]
    return found
