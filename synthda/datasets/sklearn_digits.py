"""Handwriting scans that ship with scikit-learn (Alpaydin & Kaynak, UCI "Optical Recognition of Digits", 1998)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synthda.datasets.domain import Domain
from synthda.datasets.reader import DataSet
from synthda.datasets.resize import Fit, Size, as_rgb, resized

ADAPT = 1000
"""The first 1,000 scans adapt, the other 797 evaluate."""


def read(root: Path, split: str, size: Size | None = None, fit: Fit = "stretch") -> Domain:
    """8×8 grey handwritten digits as RGB, white on black; values 0…16 become 0…255. `root` is not used."""
    from sklearn.datasets import load_digits

    scans = load_digits()
    rows = slice(0, ADAPT) if split == "adapt" else slice(ADAPT, None)
    grey = np.rint(scans.images[rows] * (255 / 16)).astype(np.uint8)
    labels = scans.target[rows].astype(np.int64)
    return resized(SKLEARN_DIGITS.domain(split, as_rgb(grey), labels, Path("load_digits")), size, fit)


SKLEARN_DIGITS = DataSet(
    name="sklearn-digits",
    summary="handwritten digits, 8×8 grey, 1,000 to adapt to and 797 to evaluate on (Alpaydin & Kaynak, 1998)",
    splits=("adapt", "eval"),
    where="It comes with scikit-learn: nothing to get",
    read=read,
    marks=(),
)
