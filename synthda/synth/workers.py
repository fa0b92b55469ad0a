"""The shards of a domain, rendered and written here or by worker processes: the same bytes."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthda.cores import cores
from synthda.datasets.domain import Scenes
from synthda.datasets.shards import BLOCK, SHARD_BYTES, shard_name, write_shard
from synthda.errors import DataError
from synthda.synth.renderer import Renderer, sample_block

Progress = Callable[[int], None]

MOST_ON_WINDOWS = 61
"""Workers: a pool waits for all of them at once, and Windows for so many objects."""


@dataclass(frozen=True)
class Shard:
    """A shard to be: its number, the number of its first block, and its rows."""

    index: int
    first_block: int
    rows: int


@dataclass(frozen=True)
class Workshop:
    """What makes shards; a worker gets one, with all that its renderer has loaded: fonts, photographs, templates."""

    renderer: Renderer
    seed: int
    out: Path

    def make(self, shard: Shard, progress: Progress = lambda rows: None) -> str:
        """Render a shard and write it; returns the SHA-256 of its bytes."""
        blocks = range(shard.first_block, shard.first_block - (-shard.rows // BLOCK))
        # A block is drawn whole and cut: a larger count keeps the prefix.
        scenes: Scenes = np.concatenate([sample_block(self.renderer, self.seed, block) for block in blocks])
        scenes = scenes[: shard.rows]
        path, labels = self.out / shard_name(shard.index), scenes["label"].astype(np.int64)
        # The images have no name here, so that they are given up as soon as HDF5 has them.
        return write_shard(path, self._rendered(scenes, progress), labels, scenes)

    def _rendered(self, scenes: Scenes, progress: Progress) -> NDArray[np.uint8]:
        """Rendered a block at a time; fewer where a block of large images would take as much as the shard again."""
        images = np.empty((len(scenes), *self.renderer.image_shape), np.uint8)
        at_once = min(BLOCK, max(1, SHARD_BYTES // math.prod(self.renderer.image_shape)))
        for first in range(0, len(scenes), at_once):
            rows = slice(first, first + at_once)
            images[rows] = self.renderer.render(scenes[rows])
            progress(len(scenes[rows]))
        return images


def worker_count(shards: int, asked: int | None = None) -> int:
    """How many workers make so many shards: as asked, or one a core; no more than are of use, or than Windows takes."""
    most = min(shards, MOST_ON_WINDOWS) if sys.platform == "win32" else shards
    return max(1, min(asked or cores(), most))


def make_shards(workshop: Workshop, shards: Sequence[Shard], workers: int | None, progress: Progress) -> dict[int, str]:
    """SHA-256 by number of each shard made; `progress` is called with the rows just made.

    Raises:
        DataError: when a worker was ended from outside.
    """
    workers = worker_count(len(shards), workers)
    if workers == 1:
        return {shard.index: workshop.make(shard, progress) for shard in shards}
    context = multiprocessing.get_context("spawn")
    digests: dict[int, str] = {}
    try:
        with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(workshop,)) as pool:
            try:
                made = {pool.submit(_make, shard): shard for shard in shards}
                for done in as_completed(made):
                    digests[made[done].index] = done.result()
                    progress(made[done].rows)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)  # Ctrl-C does not wait for what is queued
    except BrokenProcessPool as error:
        raise DataError(
            "A rendering process was ended from outside, perhaps for want of memory; run the same command again "
            "with fewer --workers: what is finished is kept. (A script of your own renders with several workers only "
            'below `if __name__ == "__main__":`.)'
        ) from error
    return digests


_own: list[Workshop] = []
"""Of a worker: what it was started with."""


def _start(workshop: Workshop) -> None:
    """A killed parent cannot end its workers: each watches for its death and leaves. Ctrl-C is the parent's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_after_parent, daemon=True).start()
    _own.append(workshop)


def _make(shard: Shard) -> str:
    return _own[0].make(shard)


def _exit_after_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
