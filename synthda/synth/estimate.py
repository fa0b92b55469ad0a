"""What a domain will cost before it is rendered: bytes on the disk, shards, seconds."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

from synthda.datasets.shards import BLOCK, rows_per_shard
from synthda.errors import DataError
from synthda.synth.generate import free_bytes
from synthda.synth.renderer import Renderer, sample_block

LABEL_BYTES = 8


@dataclass(frozen=True)
class Cost:
    """What a domain takes on the disk.

    Attributes:
        bytes: of images, labels and scene tables, which are not compressed.
        shards: the files that hold them.
    """

    count: int
    image_shape: tuple[int, int, int]
    classes: int
    bytes: int
    shards: int

    def __str__(self) -> str:
        height, width, _ = self.image_shape
        shards = f"{self.shards:,} shard{'s' if self.shards > 1 else ''}"
        megabytes = f"{self.bytes / 1e6:,.1f} MB"
        return f"{self.count:,} images of {height}×{width}, {self.classes} classes, {shards}, {megabytes}"


def cost_of(renderer: Renderer, count: int, seed: int = 0) -> Cost:
    """The size of `count` images with their labels and scenes; nothing is rendered."""
    shape = renderer.image_shape
    row = math.prod(shape) + LABEL_BYTES + sample_block(renderer, seed, 0).dtype.itemsize
    return Cost(count, shape, len(renderer.classes), count * row, -(-count // rows_per_shard(shape)))


def seconds_for(renderer: Renderer, count: int, seed: int = 0, workers: int = 1) -> float:
    """Time that `count` images should take, from rendering at most two blocks.

    The first block also pays for loading fonts or photographs, as it does once in each worker; the second is taken
    for all that follow.

    Args:
        workers: of which no more can be busy than there are shards.
    """
    blocks = -(-count // BLOCK)
    first = _seconds_of_block(renderer, seed, 0, min(count, BLOCK))
    return first if blocks == 1 else first + (blocks - 1) * _seconds_of_block(renderer, seed, 1) / workers


def check_room(out: Path, needed: int) -> None:
    """Refuse to begin what the disk cannot hold; shards that already stand in `out` count as room.

    Raises:
        DataError: saying how much is needed and how much is free.
    """
    free = free_bytes(out) + sum(path.stat().st_size for path in out.glob("shard-*.h5"))
    if needed > free:
        raise DataError(
            f"{out} needs {needed / 1e6:,.0f} MB and its disk has {free / 1e6:,.0f} MB free; give a smaller --count, "
            "or another --out."
        )


def _seconds_of_block(renderer: Renderer, seed: int, block: int, rows: int = BLOCK) -> float:
    start = time.perf_counter()
    renderer.render(sample_block(renderer, seed, block)[:rows])
    return time.perf_counter() - start
