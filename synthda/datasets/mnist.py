"""MNIST (LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document recognition", 1998)."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Domain
from synthda.datasets.reader import DataSet
from synthda.datasets.resize import Fit, Size, as_rgb, resized

PREFIXES = {"train": "train", "test": "t10k"}
FOLDERS = ("MNIST/raw", "raw", "MNIST", ".")
UNSIGNED_BYTE = 0x08
"""The idx format's code for the only type of value that MNIST uses."""


def read(root: Path, split: str, size: Size | None = None, fit: Fit = "stretch") -> Domain:
    """28×28 grey handwritten digits as RGB."""
    images_path = _path(root, f"{PREFIXES[split]}-images-idx3-ubyte")
    labels = _read_idx(_path(root, f"{PREFIXES[split]}-labels-idx1-ubyte"), dimensions=1)
    images = as_rgb(_read_idx(images_path, dimensions=3))
    return resized(MNIST.domain(split, images, labels.astype(np.int64), images_path), size, fit)


MNIST = DataSet(
    name="mnist",
    summary="handwritten digits, 28×28 grey, 60,000 to train and 10,000 to test (LeCun et al., 1998)",
    splits=("train", "test"),
    where="Get the four idx files (with or without .gz) from yann.lecun.com/exdb/mnist and put them into MNIST/raw "
    "below the data root",
    read=read,
    marks=tuple(f"{folder}/*-images-idx3-ubyte*" for folder in FOLDERS),
    downloadable=True,
)


def _path(root: Path, name: str) -> Path:
    for folder in FOLDERS:
        for candidate in (root / folder / name, root / folder / f"{name}.gz"):
            if candidate.is_file():
                return candidate
    raise MNIST.missing(root, f"{FOLDERS[0]}/{name}")


def _read_idx(path: Path, *, dimensions: int) -> NDArray[np.uint8]:
    """Parse an idx file: two zero bytes, type, number of dimensions, their lengths as big-endian int32, values."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise MNIST.damaged(path, str(error)) from error
    start = 4 + 4 * dimensions
    if len(content) < start or content[:4] != bytes([0, 0, UNSIGNED_BYTE, dimensions]):
        raise MNIST.damaged(path, f"no idx header of {dimensions} dimensions")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    if len(content) - start != math.prod(shape):
        raise MNIST.damaged(path, f"{len(content) - start:,} bytes of values instead of {math.prod(shape):,}")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
