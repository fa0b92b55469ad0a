"""What every reader of a public data set says of itself, and how it fails when files are missing or damaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import UNLABELLED, ArrayImages, Domain
from synthda.datasets.photos import read_photos
from synthda.datasets.resize import Box, Fit, Size
from synthda.errors import DataError

DIGITS = tuple("0123456789")


class Read(Protocol):
    """Reads one split of a data set from the files that its authors publish."""

    def __call__(self, root: Path, split: str, size: Size | None = None, fit: Fit = "stretch") -> Domain:
        """The domain at `size` (height, width), or at the size that the data set itself has.

        Raises:
            DataError: when the files are missing (where to get them, where to put them) or damaged.
        """


@dataclass(frozen=True)
class DataSet:
    """A public data set: how to call it, what it is, where to get it.

    Attributes:
        name: kebab-case name, as in `DATASETS`.
        summary: one line: what it shows, how many, who published it.
        splits: accepted names after the colon; the first is the one meant without a colon.
        where: one sentence: where to get the files and where to put them below the data root.
        read: the reader.
        marks: paths below the data root (`*` is a wildcard); where one exists, some of the set is there; none for a set
            that comes with a library.
        downloadable: whether `synthda.datasets.download` can fetch it.
    """

    name: str
    summary: str
    splits: tuple[str, ...]
    where: str
    read: Read
    marks: tuple[str, ...]
    downloadable: bool = False

    @property
    def by_hand(self) -> str:
        """`where`, to go on within a sentence."""
        return self.where[0].lower() + self.where[1:]

    def is_in(self, root: Path) -> bool:
        """Whether the data set, or a split of it, seems to lie below `root`; nothing is read."""
        return not self.marks or (root.is_dir() and any(any(root.glob(mark)) for mark in self.marks))

    def missing(self, root: Path, looked_for: str) -> DataError:
        """The error for files that are not there."""
        command = f"run `synthda datasets download {self.name}`, or " if self.downloadable else ""
        return DataError(
            f"Data set {self.name} is not in {root} (looked for {looked_for}): {command}{self.by_hand}; another data "
            "root is given with the environment variable SYNTHDA_DATA, or --data-root where the command has it."
        )

    def damaged(self, path: Path, reason: str) -> DataError:
        """The error for a file that is there and cannot be read."""
        return DataError(f"{path} is damaged ({reason}); to get data set {self.name} anew, {self.by_hand}.")

    def find(self, root: Path, candidates: Sequence[str]) -> Path:
        """The first of `candidates`, relative to `root`, that exists.

        Raises:
            DataError: when none does.
        """
        for candidate in candidates:
            if (root / candidate).exists():
                return root / candidate
        raise self.missing(root, " or ".join(candidates))

    def domain(self, split: str, images: NDArray[np.uint8], labels: NDArray[np.int64], source: Path) -> Domain:
        """Digits 0…9 as a domain, after a check that images and labels belong together."""
        if len(images) != len(labels):
            raise self.damaged(source, f"{len(images)} images but {len(labels)} labels")
        if len(labels) == 0:
            raise self.damaged(source, "no images in it")
        if labels.min() < 0 or labels.max() > 9:
            raise self.damaged(source, "a label is no digit")
        return Domain(ArrayImages(images), labels, DIGITS, name=f"{self.name}:{split}")

    def photographs(
        self,
        split: str,
        folder: Path,
        names: Sequence[str],
        labels: NDArray[np.int64] | None,
        classes: tuple[str, ...],
        *,
        size: Size,
        fit: Fit,
        boxes: Sequence[Box | None] | None = None,
    ) -> Domain:
        """The files `names` below `folder` as a domain; all of them must be readable, for a set is used whole."""
        if not names:
            raise self.damaged(folder, "no images in it")
        array, _, bad = read_photos([folder / name for name in names], size, fit, boxes=boxes)
        if bad:
            index, reason = bad[0]
            raise self.damaged(folder / names[index], f"{reason}; {len(bad)} of {len(names)} images cannot be read")
        return Domain(
            images=ArrayImages(array),
            labels=np.full(len(names), UNLABELLED, dtype=np.int64) if labels is None else labels,
            classes=classes,
            paths=tuple(names),
            name=f"{self.name}:{split}",
        )
