"""Random fields that are functions of a row's seed: integer hashes, the same on any machine, alone or in a block."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

TILE = 200
"""Salt of the large fields."""


def uniform_bits(seeds: NDArray[np.uint32], count: int, salt: int) -> NDArray[np.uint32]:
    """(n, count) hashed integers. A generator per row would cost 20 µs each; this costs about 10 ns a value.

    Args:
        seeds: (n,) one seed a row.
        count: values a row.
        salt: tells the fields of one row apart.
    """
    offset = np.uint32((salt * 0x9E3779B9) & 0xFFFFFFFF)
    start = _mixed(seeds.astype(np.uint32) ^ offset)
    return _mixed(start[:, None] + np.arange(count, dtype=np.uint32)[None] * np.uint32(0x9E3779B1))


def normal(seeds: NDArray[np.uint32], shape: tuple[int, ...], salt: int) -> NDArray[np.float32]:
    """(n, *shape) values of mean 0 and variance 1, nearly normal: the four bytes of a hash, summed (|x| < 3.5)."""
    hashed = uniform_bits(seeds, int(np.prod(shape)), salt)
    total = (hashed & np.uint32(0x00FF00FF)) + ((hashed >> np.uint32(8)) & np.uint32(0x00FF00FF))
    total = (total + (total >> np.uint32(16))) & np.uint32(0xFFFF)
    # One byte has variance (256² − 1) / 12.
    standardised = (total.astype(np.float32) - np.float32(510)) * np.float32(1 / np.sqrt(4 * (256**2 - 1) / 12))
    values: NDArray[np.float32] = standardised.reshape(len(seeds), *shape)
    return values


def smooth(seeds: NDArray[np.uint32], size: int, cells: int, salt: int) -> NDArray[np.float32]:
    """(n, size, size) field of variance below 1 that varies over `cells` cells a side (bilinear value noise)."""
    grid = normal(seeds, (cells + 1, cells + 1), salt)
    at = (np.arange(size) + 0.5) * cells / size
    low = at.astype(np.int64)
    step = (at - low).astype(np.float32)
    ease = step * step * (3 - 2 * step)
    # Plain products and sums: a matrix product may round differently for another number of rows.
    rows = grid[:, low] + (grid[:, low + 1] - grid[:, low]) * ease[None, :, None]
    field: NDArray[np.float32] = rows[:, :, low] + (rows[:, :, low + 1] - rows[:, :, low]) * ease[None, None, :]
    return field


def fractal(seeds: NDArray[np.uint32], size: int, rough: NDArray[np.float32], salt: int) -> NDArray[np.float32]:
    """(n, size, size) smooth fields of three scales added up; `rough` in [0, 1] weighs the finer ones."""
    coarse = smooth(seeds, size, 3, salt)
    weight = rough[:, None, None]
    return coarse + weight * (smooth(seeds, size, 8, salt + 1) + weight * smooth(seeds, size, 20, salt + 2))


def patches(seeds: NDArray[np.uint32], size: int, cells: int, salt: int) -> NDArray[np.float32]:
    """(n, size, size) as `smooth`, but cut from one large field that is kept: twenty times as fast."""
    windows = _windows(size, cells)
    row, column = uniform_bits(seeds, 2, salt).T.astype(np.int64)
    cut: NDArray[np.float32] = windows[row % len(windows), column % windows.shape[1]]
    return cut


def fractal_patches(seeds: NDArray[np.uint32], size: int, rough: NDArray[np.float32], salt: int) -> NDArray[np.float32]:
    """(n, size, size) as `fractal`, of fields cut by `patches`."""
    weight = rough[:, None, None]
    fine = patches(seeds, size, 20, salt + 2)
    return patches(seeds, size, 3, salt) + weight * (patches(seeds, size, 8, salt + 1) + weight * fine)


@lru_cache(maxsize=32)
def _windows(size: int, cells: int) -> NDArray[np.float32]:
    """(rows, columns, size, size): every part of a field of several frames; a view of it, about 250 kB at 32."""
    frames = 8 if size <= 64 else 3
    field = smooth(np.array([cells], np.uint32), frames * size, frames * cells, TILE)[0]
    return sliding_window_view(field, (size, size))


def _mixed(value: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A bijection of 32-bit integers in which each input bit moves each output bit (multiply and xor-shift)."""
    value = value ^ (value >> np.uint32(16))
    value = value * np.uint32(0x21F0AAAD)
    value = value ^ (value >> np.uint32(15))
    value = value * np.uint32(0x735A2D97)
    mixed: NDArray[np.uint32] = value ^ (value >> np.uint32(15))
    return mixed
