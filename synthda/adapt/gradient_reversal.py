"""The gradient reversal layer: identity forwards, −λ times the gradient backwards (Ganin & Lempitsky 2015, eq. 7–8)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class GradientReversal(torch.autograd.Function):
    """R_λ(x) = x with dR_λ/dx = −λI; λ is a 0-dim tensor and receives no gradient."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, lambda_: Tensor) -> Tensor:
        ctx.save_for_backward(lambda_)
        return features.view_as(features)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (lambda_,) = ctx.saved_tensors
        return -lambda_ * gradients[0], None


def reverse_gradient(features: Tensor, lambda_: Tensor) -> Tensor:
    """`features` unchanged, of any shape; what flows back through them is multiplied by −`lambda_`."""
    reversed_: Tensor = GradientReversal.apply(features, lambda_)
    return reversed_
