"""Virtual adversarial training: predictions that no small change of the image moves (Miyato et al. 2018, TPAMI 41)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from synthda.adapt.network import Network

TINY = 1e-2
"""Length of the first, random change, from which the worst direction is found by its gradient."""

NEEDS_FLOAT32 = "the change of an image that shows its worst direction is smaller than what that resolves"


def virtual_adversarial_loss(network: Network, images: Tensor, logits: Tensor, radius: float) -> Tensor:
    """Mean KL divergence of the predictions on `images` from those on the worst change of length `radius`.

    Args:
        network: whose weights receive the gradient; its batch-norm statistics are left alone.
        images: (B, 3, H, W) in [0, 1].
        logits: (B, classes) of the images as they are; no gradient flows into them.
        radius: Euclidean length of the change of one image, in levels where 1 is white.
    """
    chances = logits.detach().softmax(dim=1)
    with network.running_statistics_kept():
        change = TINY * _unit(torch.randn_like(images))
        change.requires_grad_()
        (worst,) = torch.autograd.grad(_divergence(chances, network(images + change)), change)
        return _divergence(chances, network(images + radius * _unit(worst)))


def _divergence(chances: Tensor, logits: Tensor) -> Tensor:
    divergence: Tensor = F.kl_div(logits.log_softmax(dim=1), chances, reduction="batchmean")
    return divergence


def _unit(change: Tensor) -> Tensor:
    """Each image's change brought to Euclidean length 1, however short it is; none stays none."""
    # Where a prediction is sure, the gradient is so small that its square is 0. Powers of two round nothing.
    _, exponents = torch.frexp(change.flatten(1).abs().amax(dim=1))
    change = torch.ldexp(change, -exponents.clamp_min(-120)[:, None, None, None])
    lengths = change.flatten(1).norm(dim=1).clamp_min(1e-12)
    unit: Tensor = change / lengths[:, None, None, None]
    return unit
