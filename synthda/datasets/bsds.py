"""BSDS500 (Arbeláez, Maire, Fowlkes & Malik, "Contour detection and hierarchical image segmentation", 2011)."""

from __future__ import annotations

from pathlib import Path

from synthda.datasets.domain import Domain
from synthda.datasets.folders import list_photos
from synthda.datasets.reader import DataSet
from synthda.datasets.resize import Fit, Size

SPLITS = ("train", "val", "test")
DEFAULT_SIZE: Size = (64, 64)


def photo_paths(root: Path, split: str) -> list[Path]:
    """The photographs (481×321, either way up) of a split, sorted by name.

    Raises:
        DataError: when they are missing.
    """
    folder = BSDS500.find(root, tuple(f"{above}data/images/{split}" for above in ("BSDS500/", "BSR/BSDS500/", "")))
    found = [path for path in list_photos(folder) if path.suffix.lower() == ".jpg"]
    if not found:
        raise BSDS500.missing(root, f"{folder}/*.jpg")
    return found


def read(root: Path, split: str, size: Size | None = None, fit: Fit = "stretch") -> Domain:
    """Natural photographs without labels."""
    paths = photo_paths(root, split)
    names = [path.name for path in paths]
    return BSDS500.photographs(split, paths[0].parent, names, None, (), size=size or DEFAULT_SIZE, fit=fit)


BSDS500 = DataSet(
    name="bsds500",
    summary="natural photographs, 481×321 colour, no classes, 200 train, 100 val, 200 test (Arbeláez et al., 2011)",
    splits=SPLITS,
    where="Get BSR_bsds500.tgz from www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/resources.html and put "
    "its folder BSDS500 into the data root, so that BSDS500/data/images/train lies there",
    read=read,
    marks=tuple(f"{above}data/images/{split}" for above in ("BSDS500/", "BSR/BSDS500/", "") for split in SPLITS),
)
