"""Views of a batch: random changes of geometry and light that leave the class alone, made on the device.

Every draw comes from torch's default generator, which the loop seeds from (seed, step): a resumed run sees the same
views.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

View = Literal["none", "weak", "strong"]
VIEWS: tuple[View, ...] = get_args(View)

TURN = 10.0
"""Largest rotation, degrees."""
ZOOM = 1.2
"""Scales lie between 1/ZOOM and ZOOM, drawn for width and height apart."""
SHEAR = 0.15
SHIFT = 0.08
"""Largest shift, fraction of the frame."""
CONTRAST = 2.0
"""Contrast between 1/CONTRAST and CONTRAST."""
BRIGHTNESS = 0.25
"""Each colour channel's level moves by at most this much of the range."""
CAST = 0.4
"""Each colour channel's gain differs from 1 by at most this much."""
SHARPEN = (-1.0, 1.5)
"""Share of the local detail that is added: −1 is a 3×3 box blur."""
NEGATIVE = 0.5
"""Share of images in which light and dark are exchanged: print is as often light on dark as dark on light."""
RECOLOURED = 0.35
"""Share of images whose channels may be inverted one by one."""
NOISE = 0.06
"""Largest standard deviation of the noise."""


def seen(images: Tensor, view: View) -> Tensor:
    """The (B, 3, H, W) float images in [0, 1] as `view` shows them, of the same shape and range.

    `weak` moves: rotation, scale, shear and shift, the border repeated. `strong` also lights: blur or sharpening,
    negatives, contrast, brightness, a colour cast, noise. A third of its images lose their hues: where colour alone
    tells classes apart, take `weak`.
    """
    if view == "none":
        return images
    return moved(images) if view == "weak" else lit(moved(images))


def moved(images: Tensor) -> Tensor:
    """Each image rotated, scaled, sheared and shifted on its own, sampled linearly."""
    turn = math.radians(TURN) * _between(images, -1, 1)
    cos, sin = torch.cos(turn), torch.sin(turn)
    wide, tall = (ZOOM ** _between(images, -1, 1) for _ in range(2))
    shear = SHEAR * _between(images, -1, 1)
    # The grid's frame runs from −1 to 1: a shift by a fraction of the frame is twice as much there.
    shift_x, shift_y = (2 * SHIFT * _between(images, -1, 1) for _ in range(2))
    across = images.shape[2] / images.shape[3]  # so that a turn is one in pixels, whose frame is H × W
    right = [wide * cos, across * wide * (shear * cos - sin), shift_x]
    down = [tall * sin / across, tall * (shear * sin + cos), shift_y]
    rows = torch.stack([*right, *down], dim=1)
    grid = F.affine_grid(rows.view(-1, 2, 3), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def lit(images: Tensor) -> Tensor:
    """Each image's sharpness, light, colours and noise changed on its own; clipped to [0, 1]."""
    smooth = F.avg_pool2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    images = images + _planes(_between(images, *SHARPEN) * _happens(images, 0.5)) * (images - smooth)
    images = _negative(images)

    gain = (CONTRAST ** _between(images, -1, 1))[:, None] * (1 + CAST * _between(images, -1, 1, 3))
    level = BRIGHTNESS * _between(images, -1, 1, 3)
    middle = images.mean(dim=(2, 3), keepdim=True)
    images = (images - middle) * _planes(gain) + middle + _planes(level)
    strength = _planes(NOISE * _between(images, 0, 1) ** 2)
    return (images + strength * torch.randn_like(images)).clamp_(0, 1)


def _negative(images: Tensor) -> Tensor:
    """Light and dark exchanged in some images, hues kept; in some, colour channels inverted one by one."""
    luminance = images.mean(dim=1, keepdim=True)
    images = torch.where(_planes(_happens(images, NEGATIVE)), images + 1 - 2 * luminance, images)
    channels = _happens(images, RECOLOURED)[:, None] & (torch.rand(len(images), 3, device=images.device) < 0.5)
    return torch.where(_planes(channels), 1 - images, images)


def _between(images: Tensor, low: float, high: float, *more: int) -> Tensor:
    """(B, *more) uniform draws."""
    return low + (high - low) * torch.rand(len(images), *more, device=images.device)


def _happens(images: Tensor, chance: float) -> Tensor:
    """(B,) Bernoulli draws."""
    return torch.rand(len(images), device=images.device) < chance


def _planes(values: Tensor) -> Tensor:
    """(B,) or (B, 3) to what multiplies (B, 3, H, W)."""
    return values.view(len(values), -1, 1, 1)
