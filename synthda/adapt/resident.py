"""Domains that lie whole on the device or in memory as uint8, gathered into float batches on the device."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synthda.adapt.balanced import BalancedSampler
from synthda.adapt.order import Sampler
from synthda.datasets.domain import ArrayImages, Images, in_blocks, in_memory

EXACT_SUMS = 256
"""Images at once: as many squares of a byte as a float32 still adds up without rounding."""

AT_ONCE = 256
"""Images at once where a whole domain is seen: their float copies are what it costs."""

LARGE = 4 << 20
"""Values of a batch beyond which malloc takes new pages from the system for it each time."""
PIECE = 1 << 20
"""Bytes that are made into floats at once."""


Drawn = tuple[Tensor, Tensor, Tensor]
"""Images (B, 3, H, W) float in [0, 1], labels (B,) and rows (B,) of one step, on the device."""


class Loaded(Protocol):
    """A domain's images, wherever they lie, and its labels (N,), which lie on the device."""

    labels: Tensor

    @property
    def sampler(self) -> Sampler | BalancedSampler:
        """Which rows a step draws."""

    def draw(self, step: int) -> Drawn:
        """One step's."""

    def blocks(self) -> Iterator[Tensor]:
        """All images, (≤ AT_ONCE, H, W, 3) uint8 at once on the device, in the order of their rows."""

    def __iter__(self) -> Iterator[Tensor]:
        """All images, (≤ AT_ONCE, 3, H, W) float in [0, 1] at once, in the order of their rows."""


class Resident:
    """A domain's images (N, H, W, 3) uint8 on the device or in memory, and its labels on the device."""

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
        home: torch.device | None = None,
        balanced: bool = False,
    ) -> None:
        """`home` is where the images lie: the device, by default, or `cpu` for one that is too small for them."""
        self.device = device
        self.images = _whole(images, home or device)
        self.labels = as_tensor(labels).to(device)
        image_bytes = self.images[:1].numel()
        self.sampler: Sampler | BalancedSampler
        if balanced:
            self.sampler = BalancedSampler(seed, stream, labels, batch, part)
        else:
            self.sampler = Sampler(seed, stream, len(labels), batch, part, image_bytes=image_bytes)

    @property
    def on_device(self) -> bool:
        """Whether the images lie where they are used."""
        return self.images.device == self.labels.device

    def draw(self, step: int) -> Drawn:
        """One step's, of this process's part."""
        return self.gather(self.rows(step)) if self.on_device else self._carried(step)

    def rows(self, step: int) -> Tensor:
        """(B,) int64, on the device."""
        return carried(torch.from_numpy(self.sampler.rows(step)), self.device)

    def gather(self, rows: Tensor) -> Drawn:
        """As `draw`, of these rows, where the device has the images: work of the device alone."""
        return as_batch(self.images, rows), self.labels.index_select(0, rows), rows

    def _carried(self, step: int) -> Drawn:
        """As `draw`, from memory to the device: bytes, for floats would be four times as many."""
        drawn = torch.from_numpy(self.sampler.rows(step))
        rows = carried(drawn, self.device)
        shape = (len(drawn), *self.images.shape[1:])
        # Pinned memory comes from torch's cache, which gives none out again before the copy from it has ended.
        pinned = torch.empty(shape, dtype=torch.uint8, pin_memory=self.device.type == "cuda")
        torch.index_select(self.images, 0, drawn, out=pinned)
        return as_floats(carried(pinned, self.device)), self.labels.index_select(0, rows), rows

    def blocks(self) -> Iterator[Tensor]:
        """All images, (≤ AT_ONCE, H, W, 3) uint8 at once on the device, in the order of their rows."""
        return (block.to(self.device) for block in torch.split(self.images, AT_ONCE))

    def __iter__(self) -> Iterator[Tensor]:
        """All images, (≤ AT_ONCE, 3, H, W) float in [0, 1] at once, in the order of their rows."""
        return map(as_floats, self.blocks())


def carried(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on the device. Only of a GPU's copies is it known when they have ended: others are waited for."""
    return tensor.to(device, non_blocking=device.type == "cuda")


def as_tensor(array: NDArray[np.uint8] | NDArray[np.int64]) -> Tensor:
    """The array as a tensor that shares its memory, or a copy where it may not be written to."""
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def as_floats(images: Tensor) -> Tensor:
    """(B, H, W, 3) uint8 → (B, 3, H, W) float in [0, 1], channels last in memory: a view, not a transposition."""
    return images.permute(0, 3, 1, 2).float().div_(255)


def as_batch(images: Tensor, rows: Tensor) -> Tensor:
    """As `as_floats` of the images at `rows` (B,); on a CPU piece by piece, so that bytes and floats stay in cache."""
    if images.device.type != "cpu":
        return as_floats(images.index_select(0, rows))
    floats = empty_batch((len(rows), *images.shape[1:]))
    for part in _pieces(len(rows), images[:1].numel()):
        floats[part].copy_(images.index_select(0, rows[part])).div_(255)
    return floats.permute(0, 3, 1, 2)


def fill_batch(floats: Tensor, images: Tensor) -> None:
    """`images` (B, H, W, 3) uint8 in [0, 1] into `floats` of the same shape, both on a CPU."""
    for part in _pieces(len(images), images[:1].numel()):
        floats[part].copy_(images[part]).div_(255)


def empty_batch(shape: tuple[int, ...]) -> Tensor:
    """Memory for floats on a CPU; for many from NumPy, which asks for huge pages.

    In torch's own each page of 4 KB is a fault, and those took two thirds of the time of images of 224×224 px.
    """
    if math.prod(shape) < LARGE:
        return torch.empty(shape)
    return torch.from_numpy(np.empty(shape, dtype=np.float32))


def _pieces(count: int, image_bytes: int) -> Iterator[slice]:
    at_once = max(1, PIECE // max(1, image_bytes))
    return (slice(first, first + at_once) for first in range(0, count, at_once))


def channel_statistics(domains: Sequence[Loaded]) -> tuple[Tensor, Tensor]:
    """Mean and deviation (3,) of each colour channel in [0, 1], every domain counting alike whatever its size."""
    moments = torch.zeros(2, 3, dtype=torch.float64)
    for domain in domains:
        sums = torch.zeros(2, 3, dtype=torch.float64)
        pixels = 0
        for block in domain.blocks():
            for some in torch.split(block, EXACT_SUMS):
                levels = some.flatten(1).float()
                # Over the images first: that is the direction in which sums are vectorised.
                column_sums = torch.stack([levels.sum(0), levels.square_().sum(0)])
                sums += column_sums.reshape(2, -1, 3).cpu().double().sum(1)  # not every device has doubles
            pixels += block.numel() // 3
        moments += sums / torch.tensor([[255.0], [255.0**2]]) / pixels / len(domains)
    mean, square = moments
    return mean.float(), (square - mean.square()).clamp_min(0).sqrt().float()


def _whole(images: Images, home: torch.device) -> Tensor:
    """All images at `home`; those that do not lie in memory yet get to a GPU without lying there at once."""
    if isinstance(images, ArrayImages) or home.type == "cpu":
        return as_tensor(in_memory(images)).to(home)
    whole = torch.empty(images.shape, dtype=torch.uint8, device=home)
    first = 0
    for block in in_blocks(images):
        whole[first : first + len(block)].copy_(torch.from_numpy(block))
        first += len(block)
    return whole
