"""SVHN, cropped digits (Netzer et al., "Reading digits in natural images with unsupervised feature learning", 2011)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Domain
from synthda.datasets.reader import DataSet
from synthda.datasets.resize import Fit, Size, resized

SPLITS = ("train", "test", "extra")
SIDE = 32


def read(root: Path, split: str, size: Size | None = None, fit: Fit = "stretch") -> Domain:
    """32×32 colour house-number digits; label 10 means 0."""
    name = f"{split}_32x32.mat"
    path = SVHN.find(root, (name, f"SVHN/{name}", f"svhn/{name}"))
    images, labels = _load(path)
    return resized(SVHN.domain(split, images, labels, path), size, fit)


SVHN = DataSet(
    name="svhn",
    summary="house-number digits, 32×32 colour, 73,257 to train, 26,032 to test, 531,131 extra (Netzer et al., 2011)",
    splits=SPLITS,
    where="Get train_32x32.mat, test_32x32.mat and, if wanted, extra_32x32.mat from ufldl.stanford.edu/housenumbers "
    "and put them into the data root",
    read=read,
    marks=tuple(f"{folder}*_32x32.mat" for folder in ("", "SVHN/", "svhn/")),
    downloadable=True,
)


def _load(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    from scipy.io import loadmat

    try:
        content = loadmat(path, variable_names=("X", "y"))
    except Exception as error:  # the parser raises nearly anything on a damaged file
        raise SVHN.damaged(path, " ".join(str(error).split()) or type(error).__name__) from error
    if not {"X", "y"} <= content.keys():
        raise SVHN.damaged(path, "it lacks the variables X and y")
    images, labels = np.asarray(content["X"]), np.asarray(content["y"])
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[:3] != (SIDE, SIDE, 3):
        raise SVHN.damaged(path, f"X is {images.dtype} {images.shape} instead of uint8 (32, 32, 3, N)")
    if labels.dtype.kind not in "uif" or (labels.size and not 1 <= labels.min() <= labels.max() <= 10):
        raise SVHN.damaged(path, "y is not made of 1…10")
    return np.ascontiguousarray(images.transpose(3, 0, 1, 2)), labels.ravel().astype(np.int64) % 10
