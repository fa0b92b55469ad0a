"""Photographs from a folder to put behind rendered objects, kept apart for training and testing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.folders import list_photos
from synthda.datasets.photos import PhotoError, read_photo, upright_shape
from synthda.errors import DataError

Split = Literal["train", "test"]

LONGEST_SIDE = 640
"""Photographs are reduced to this many pixels: 1.2 MB each in memory at most, unless larger frames are to be filled."""

MOST, MOST_BYTES = 200, 256 * 2**20
"""Photographs used from one folder, the lowest content hashes first, and their bytes: large frames have fewer."""

LONGEST_STRIP = 4
"""Times its shorter side that a photograph may be long where that side is enlarged to more than LONGEST_SIDE / this."""

TEST_SHARE = 5
"""One photograph in this many belongs to the test split of a folder without `train` and `test` sub-folders."""


@dataclass(frozen=True, eq=False)
class Photographs:
    """Decoded photographs, in the order of their content hashes.

    Attributes:
        images: (H, W, 3) uint8 arrays of different sizes.
        names: path of each below the folder.
        hashes: SHA-256 of each file.
        skipped: one line per file that could not be used.
    """

    images: tuple[NDArray[np.uint8], ...]
    names: tuple[str, ...]
    hashes: tuple[str, ...]
    skipped: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shapes(self) -> NDArray[np.int64]:
        """(n, 2): height and width of each, pixels."""
        return np.array([image.shape[:2] for image in self.images], dtype=np.int64)

    @property
    def inputs(self) -> dict[str, str]:
        """SHA-256 by name, for a manifest."""
        return {f"backgrounds/{name}": digest for name, digest in zip(self.names, self.hashes, strict=True)}


@lru_cache(maxsize=4)
def load_photographs(folder: Path, *, split: Split | None = None, at_least: int = 1) -> Photographs:
    """Decode a folder's photographs, once in a process.

    Args:
        folder: searched with its sub-folders.
        split: "train" or "test" keeps the two disjoint. A folder that has sub-folders `train` and `test` is taken at
            its word; any other is divided 4 : 1 by a hash of each file's content, so copies of a photograph under
            other names stay on one side, and adding photographs moves none.
        at_least: smaller photographs are enlarged until their shorter side has this many pixels.

    Raises:
        DataError: when the folder is missing or no photograph of the split can be used.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}; backgrounds are a folder of photographs (JPEG, PNG, WebP).")
    divided = split is not None and all((folder / name).is_dir() for name in ("train", "test"))
    searched = folder / str(split) if divided else folder
    found, gone = _hashed(list_photos(searched))
    mine = [path for path in found if divided or split in (None, split_of(found[path]))]
    mine.sort(key=lambda path: (found[path], path.as_posix()))
    images, paths, skipped = _decode(mine, at_least)
    skipped = [*gone, *skipped]
    if not images:
        raise DataError(
            f"{searched} has no photograph that can be used{f' for the {split} split' if split else ''} "
            f"({len(found) + len(gone)} files found, {len(skipped)} unreadable); give more photographs, or lay them "
            "out in sub-folders train and test."
        )
    names = tuple(path.relative_to(folder).as_posix() for path in paths)
    return Photographs(tuple(images), names, tuple(found[path] for path in paths), tuple(skipped))


def split_of(digest: str) -> Split:
    """The split that a photograph with this SHA-256 (hex) belongs to in a folder that is not divided."""
    return "test" if int(digest[:8], 16) % TEST_SHARE == 0 else "train"


def _hashed(paths: list[Path]) -> tuple[dict[Path, str], list[str]]:
    """SHA-256 of each file, and one line per file that cannot be opened, such as a link to nothing."""
    found, gone = {}, []
    for path in paths:
        try:
            found[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            gone.append(f"{path}: {error.strerror or 'it cannot be read'}")
    return found, gone


def _decode(paths: list[Path], at_least: int) -> tuple[list[NDArray[np.uint8]], list[Path], list[str]]:
    images: list[NDArray[np.uint8]] = []
    used, skipped = [], []
    for path in paths:
        try:
            image = _read(path, at_least)
        except PhotoError as error:
            skipped.append(f"{path}: {error.reason}")
            continue
        if images and sum(each.nbytes for each in (*images, image)) > MOST_BYTES:
            break
        images.append(image)
        used.append(path)
        if len(images) == MOST:
            break
    return images, used, skipped


def _read(path: Path, at_least: int) -> NDArray[np.uint8]:
    """Not larger than LONGEST_SIDE, unless the shorter side would fall below `at_least`."""
    height, width = upright_shape(path)
    scale = max(min(1.0, LONGEST_SIDE / max(height, width)), at_least / min(height, width))
    if scale * max(height, width) > LONGEST_STRIP * max(LONGEST_SIDE, at_least):
        reason = f"it is {max(height, width) / min(height, width):.0f} times as long as wide, too narrow for the frame"
        raise PhotoError(path, reason)
    return read_photo(path, (max(at_least, round(height * scale)), max(at_least, round(width * scale))))


def zooms(
    drawn: NDArray[np.float64], photo: NDArray[np.int32], photographs: Photographs | None, size: int
) -> NDArray[np.float64]:
    """Sides of crops, frames, as `crop` takes them: none is larger than its photograph.

    Args:
        drawn: (n,) sides that were drawn, at least 1.
        photo: (n,) codes, −1 for none, of which the side stays as it is.
        photographs: what the codes mean; None where there are none.
        size: of the frame, pixels.
    """
    if photographs is None:
        return drawn
    shortest = photographs.shapes.min(axis=1)[photo] / size
    return np.where(photo >= 0, np.minimum(drawn, shortest), drawn)


def crop(photograph: NDArray[np.uint8], scene: np.void, size: int) -> NDArray[np.uint8]:
    """The (size, size, 3) part of a photograph that a row names."""
    height, width = photograph.shape[:2]
    side = int(min(height, width, max(size, round(size * float(scene["photo_zoom"])))))
    # A share just below 1 may have been rounded to 1 when it was stored.
    top = min(int(float(scene["photo_y"]) * (height - side + 1)), height - side)
    left = min(int(float(scene["photo_x"]) * (width - side + 1)), width - side)
    part = photograph[top : top + side, left : left + side]
    return part if side == size else np.asarray(cv2.resize(part, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
