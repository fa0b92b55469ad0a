"""Domains that lie on the device as uint8, gathered into float batches there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synthda.adapt.balanced import BalancedSampler
from synthda.adapt.order import Sampler
from synthda.datasets.domain import Images, in_memory

EXACT_SUMS = 256
"""Images at once: as many squares of a byte as a float32 still adds up without rounding."""

AT_ONCE = 256
"""Images at once where a whole domain is seen: their float copies are what it costs."""


class Resident:
    """A domain's images (N, H, W, 3) uint8 and labels (N,) on the device."""

    def __init__(
        self,
        images: Images,
        labels: NDArray[np.int64],
        batch: int,
        *,
        seed: int,
        stream: int,
        device: torch.device,
        part: slice = slice(None),
        balanced: bool = False,
    ) -> None:
        self.images = as_tensor(in_memory(images)).to(device)
        self.labels = as_tensor(labels).to(device)
        self.sampler: Sampler | BalancedSampler
        if balanced:
            self.sampler = BalancedSampler(seed, stream, labels, batch, part)
        else:
            self.sampler = Sampler(seed, stream, len(labels), batch, part)

    def draw(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """(images (B, 3, H, W) float in [0, 1], labels (B,), rows (B,)) of one step."""
        return self.gather(self.rows(step))

    def rows(self, step: int) -> Tensor:
        """(B,) int64, on the device."""
        return torch.from_numpy(self.sampler.rows(step)).to(self.labels.device, non_blocking=True)

    def gather(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As `draw`, of these rows."""
        return as_floats(self.images[rows]), self.labels[rows], rows

    def __iter__(self) -> Iterator[Tensor]:
        """All images, (≤ AT_ONCE, 3, H, W) float in [0, 1] at once, in the order of their rows."""
        return map(as_floats, torch.split(self.images, AT_ONCE))


def as_tensor(array: NDArray[np.uint8] | NDArray[np.int64]) -> Tensor:
    """The array as a tensor that shares its memory, or a copy where it may not be written to."""
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def as_floats(images: Tensor) -> Tensor:
    """(B, H, W, 3) uint8 → (B, 3, H, W) float in [0, 1], channels last in memory: a view, not a transposition."""
    return images.permute(0, 3, 1, 2).float().div_(255)


def channel_statistics(domains: Sequence[Resident]) -> tuple[Tensor, Tensor]:
    """Mean and deviation (3,) of each colour channel in [0, 1], every domain counting alike whatever its size."""
    moments = torch.zeros(2, 3, dtype=torch.float64)
    for domain in domains:
        sums = torch.zeros(2, 3, dtype=torch.float64)
        for first in range(0, len(domain.images), EXACT_SUMS):
            levels = domain.images[first : first + EXACT_SUMS].flatten(1).float()
            # Over the images first: that is the direction in which sums are vectorised.
            column_sums = torch.stack([levels.sum(0), levels.square_().sum(0)])
            sums += column_sums.reshape(2, -1, 3).double().sum(1).cpu()
        pixels = domain.images.numel() / 3
        moments += sums / torch.tensor([[255.0], [255.0**2]]) / pixels / len(domains)
    mean, square = moments
    return mean.float(), (square - mean.square()).clamp_min(0).sqrt().float()
