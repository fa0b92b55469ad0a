"""MNIST-M (Ganin et al., "Domain-adversarial training of neural networks", JMLR 17, 2016), as released in 32×32."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synthda.datasets.domain import ArrayImages, Domain
from synthda.datasets.folders import list_photos
from synthda.datasets.reader import DIGITS, DataSet
from synthda.datasets.resize import Fit, Size, resized

RELEASED = ("train", "test")
PARTS = ("adapt", "dev")
SIDE = 32
MARGIN = 2
"""The release pads MNIST's 28×28 by this many pixels a side."""


def read(root: Path, split: str, size: Size | None = None, fit: Fit = "stretch") -> Domain:
    """MNIST digits blended with photographs; 28×28 is cut from the middle, any other size is resized."""
    domain = _read_released(root, split) if split in RELEASED else _read_part(root, split)
    height, width = domain.images.shape[1:3]
    if size == (height - 2 * MARGIN, width - 2 * MARGIN):
        middle = domain.images.read(np.arange(len(domain)))[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
        return Domain(
            ArrayImages(np.ascontiguousarray(middle)), domain.labels, DIGITS, None, domain.paths, (), domain.name
        )
    return resized(domain, size, fit)


MNIST_M = DataSet(
    name="mnist-m",
    summary="MNIST digits blended with photographs, 32×32, 59,001 to train and 9,001 to test (Ganin et al., 2016)",
    splits=(*RELEASED, *PARTS),
    where="Get mnist_m.tar.gz by way of github.com/pumpikano/tf-dann or sites.skoltech.ru/compvision/projects/grl and "
    "unpack it in the data root, so that mnist_m/mnist_m_train and mnist_m/mnist_m_train_labels.txt lie there (the "
    "splits adapt and dev lie in mnist_m_part/adapt/<digit> and mnist_m_part/dev/<digit>)",
    read=read,
    marks=("mnist_m/mnist_m_*", "mnist_m_train", "mnist_m_test", "mnist_m_part"),
)


def _read_released(root: Path, split: str) -> Domain:
    folder = MNIST_M.find(root, (f"mnist_m/mnist_m_{split}", f"mnist_m_{split}"))
    listing = folder.with_name(f"mnist_m_{split}_labels.txt")
    if not listing.is_file():
        raise MNIST_M.missing(root, str(listing.relative_to(root)))
    names, labels = [], []
    for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or words[1] not in DIGITS:
            raise MNIST_M.damaged(listing, f"{line[:40]!r} is not a file name and a digit")
        names.append(words[0])
        labels.append(int(words[1]))
    return MNIST_M.photographs(
        split, folder, names, np.array(labels, dtype=np.int64), DIGITS, size=(SIDE, SIDE), fit="stretch"
    )


def _read_part(root: Path, split: str) -> Domain:
    folder = MNIST_M.find(root, (f"mnist_m_part/{split}",))
    names = [path.relative_to(folder).as_posix() for path in list_photos(folder)]
    digits = [name.split("/")[0] for name in names]
    if not set(digits) <= set(DIGITS):
        raise MNIST_M.damaged(folder, "a photograph lies outside of the folders 0…9")
    labels = np.array([int(digit) for digit in digits], dtype=np.int64)
    return MNIST_M.photographs(split, folder, names, labels, DIGITS, size=(SIDE, SIDE), fit="stretch")
