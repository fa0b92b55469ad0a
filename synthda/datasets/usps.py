"""USPS (Hull, "A database for handwritten text recognition research", 1994), in the files of the LIBSVM collection."""

from __future__ import annotations

import bz2
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Domain
from synthda.datasets.reader import DataSet
from synthda.datasets.resize import Fit, Size, as_rgb, resized

FILES = {"train": "usps.bz2", "test": "usps.t.bz2"}
SIDE = 16


def read(root: Path, split: str, size: Size | None = None, fit: Fit = "stretch") -> Domain:
    """16×16 grey handwritten digits as RGB, white on black; values −1…1 become 0…255, label 1 means 0."""
    path = USPS.find(root, (FILES[split], f"USPS/{FILES[split]}"))
    try:
        text = bz2.decompress(path.read_bytes())
        labels, values = _parse(text)
    except (OSError, ValueError, EOFError) as error:
        raise USPS.damaged(path, str(error)) from error
    grey = np.rint((values.reshape(-1, SIDE, SIDE) + 1) * 127.5).astype(np.uint8)
    return resized(USPS.domain(split, as_rgb(grey), labels - 1, path), size, fit)


USPS = DataSet(
    name="usps",
    summary="digits of American postal codes, 16×16 grey, 7,291 to train and 2,007 to test (Hull, 1994)",
    splits=("train", "test"),
    where="Get usps.bz2 and usps.t.bz2 from www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass.html#usps and "
    "put them into the data root",
    read=read,
    marks=tuple(f"{folder}{name}" for name in FILES.values() for folder in ("", "USPS/")),
    downloadable=True,
)


def _parse(text: bytes) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Parse lines of `label index:value …`, indices from 1, values left out are zero; all lines at once."""
    counts = np.array([line.count(b":") for line in text.splitlines() if line.strip()], dtype=np.int64)
    numbers = np.array(text.replace(b":", b" ").split()).astype(np.float64)
    starts = np.cumsum(1 + 2 * counts) - (1 + 2 * counts)
    if len(numbers) != (1 + 2 * counts).sum():
        raise ValueError("a line is not of the form `label index:value …`")
    labels = numbers[starts].astype(np.int64)
    pairs = np.delete(numbers, starts).reshape(-1, 2)
    columns = pairs[:, 0].astype(np.int64) - 1
    if len(pairs) and (columns.min() < 0 or columns.max() >= SIDE * SIDE or not (np.abs(pairs[:, 1]) <= 1).all()):
        raise ValueError("a value lies outside of −1…1 or of the 256 pixels")
    values = np.zeros((len(counts), SIDE * SIDE))
    values[np.repeat(np.arange(len(counts)), counts), columns] = pairs[:, 1]
    return labels, values
