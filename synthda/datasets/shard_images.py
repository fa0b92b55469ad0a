"""Images in HDF5 shards, read straight to where they are wanted, and only from files that are what was verified."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from synthda.errors import DataError

ROWS_AT_ONCE = 512
"""Rows in one system call, of which each may have a place of its own: POSIX allows no more than 1,024."""
Stamp = tuple[int, int, int]
"""Size, time of change in ns, and number of a file: another stamp, another file."""


def stamp_of(path: Path) -> Stamp | None:
    """The file's, or None where there is none: the next to read it says so."""
    try:
        return _stamp(os.stat(path))
    except OSError:
        return None


@dataclass(eq=False)
class ShardImages:
    """Images in HDF5 files.

    A row's bytes lie in a chunk, which lies somewhere in its file, uncompressed: they are read from there to their
    place, without a copy between and without HDF5, which copies more and lets one thread read at a time. No file stays
    open, so threads and processes may share one.

    Attributes:
        files, rows: the shards and how many images each holds.
        image_shape: height, width, 3.
        stamps: of the files when they were verified; a file that has another is not read.
    """

    files: tuple[Path, ...]
    rows: tuple[int, ...]
    image_shape: tuple[int, int, int]
    stamps: tuple[Stamp | None, ...]
    _layouts: dict[int, _Layout] = field(default_factory=dict, repr=False, compare=False)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return sum(self.rows), *self.image_shape

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        images = np.empty((len(rows), *self.image_shape), dtype=np.uint8)
        self.read_into(images, rows)
        return images

    def read_into(self, images: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
        """Fill `images` (len(rows), H, W, 3), contiguous, with the images at `rows`, any order, repeats allowed.

        Raises:
            DataError: when a shard is missing, cut off, unreadable, or has changed since it was verified.
        """
        rows = np.asarray(rows, dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum(self.rows)])
        if not len(rows):
            return
        if not 0 <= rows.min() <= rows.max() < starts[-1]:
            raise IndexError(f"rows {rows.min()}…{rows.max()} of a domain of {starts[-1]} images")
        flat = images.reshape(len(rows), -1)
        wanted, places, repeats = np.unique(rows, return_index=True, return_inverse=True)
        borders = np.searchsorted(wanted, starts)
        for shard in np.flatnonzero(np.diff(borders)).tolist():
            part = slice(borders[shard], borders[shard + 1])
            self._read_shard(shard, wanted[part] - starts[shard], flat, places[part])
        if len(wanted) < len(rows):
            flat[:] = flat[places[repeats]]

    def _read_shard(
        self, shard: int, wanted: NDArray[np.int64], flat: NDArray[np.uint8], places: NDArray[np.int64]
    ) -> None:
        """The shard's rows `wanted`, ascending, to their places in `flat`."""
        path, size = self.files[shard], flat.shape[1]
        with _opened(path, self.stamps[shard]) as descriptor:
            if shard not in self._layouts:
                self._layouts[shard] = _layout(path)
            chunk, offsets = self._layouts[shard].chunk, self._layouts[shard].offsets
            if offsets is None:
                with h5py.File(path, "r") as file:
                    for run in _runs(wanted, chunk):
                        found = file["images"][wanted[run.start] : wanted[run.stop - 1] + 1]
                        flat[places[run]] = found.reshape(len(found), size)
                return
            for run in _runs(wanted, chunk):
                first = int(wanted[run.start])
                offset = int(offsets[first // chunk]) + first % chunk * size
                if os.preadv(descriptor, _rows_of(flat, places[run]), offset) < size * (run.stop - run.start):
                    raise DataError(f"{path} was cut off while it was read; restore it and run the same command again.")


@dataclass(frozen=True)
class _Layout:
    """Where a shard's images lie: the first byte of each chunk of so many rows; None where only HDF5 can tell."""

    chunk: int
    offsets: NDArray[np.int64] | None


def _layout(path: Path) -> _Layout:
    try:
        with h5py.File(path, "r") as file:
            dataset = file["images"]
            chunk, count = int(dataset.chunks[0]), -(-dataset.shape[0] // dataset.chunks[0])
            whole = dataset.chunks[1:] == dataset.shape[1:] and dataset.id.get_num_chunks() == count
            plain = dataset.id.get_create_plist().get_nfilters() == 0 and file.userblock_size == 0
            if not whole or not plain or not hasattr(os, "preadv"):
                return _Layout(chunk, None)
            found = [dataset.id.get_chunk_info(index) for index in range(count)]
            first_rows = [each.chunk_offset[0] for each in found]
            return _Layout(chunk, np.array([found[at].byte_offset for at in np.argsort(first_rows)], dtype=np.int64))
    except (OSError, KeyError, AttributeError, RuntimeError, TypeError) as error:
        raise _lost(path, error) from error


@contextmanager
def _opened(path: Path, stamp: Stamp | None) -> Iterator[int]:
    """The file's descriptor; before and after what is done with it, the file is the one that was verified."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            _refuse_another(path, descriptor, stamp)
            yield descriptor
            _refuse_another(path, descriptor, stamp)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _lost(path, error) from error


def _refuse_another(path: Path, descriptor: int, stamp: Stamp | None) -> None:
    if _stamp(os.fstat(descriptor)) != stamp:
        raise DataError(
            f"{path} has changed since its checksum was compared; restore it, or generate the domain again with "
            "--force, and run the same command again."
        )


def _lost(path: Path, error: Exception) -> DataError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return DataError(f"{path} cannot be read any more ({reason}); restore it and run the same command again.")


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_size, found.st_mtime_ns, found.st_ino


def _runs(wanted: NDArray[np.int64], chunk: int) -> Iterator[slice]:
    """Where rows, ascending, follow one another within a chunk."""
    ends = np.flatnonzero((np.diff(wanted) != 1) | (wanted[1:] % chunk == 0)) + 1
    borders = [0, *ends.tolist(), len(wanted)]
    for start, stop in pairwise(borders):
        for first in range(start, stop, ROWS_AT_ONCE):
            yield slice(first, min(first + ROWS_AT_ONCE, stop))


def _rows_of(flat: NDArray[np.uint8], places: NDArray[np.int64]) -> list[Any]:
    """The rows at `places`, not copied, to be filled in this order; one piece where they follow one another."""
    first, count = int(places[0]), len(places)
    if places[-1] - first == count - 1 and (np.diff(places) == 1).all():
        return [flat[first : first + count]]
    return [flat[place] for place in places.tolist()]
