"""GTSRB (Stallkamp, Schlipsing, Salmen & Igel, "Man vs. computer", Neural Networks 32, 2012): German traffic signs."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synthda.datasets.domain import Domain
from synthda.datasets.reader import DataSet
from synthda.datasets.resize import Box, Fit, Size
from synthda.errors import DataError

DEFAULT_SIZE: Size = (40, 40)
"""The size that Ganin et al. (2016) use; frames are 15 to 250 pixels wide."""

SIGN_NAMES = (
    *("speed limit 20", "speed limit 30", "speed limit 50", "speed limit 60", "speed limit 70", "speed limit 80"),
    *("end of speed limit 80", "speed limit 100", "speed limit 120", "no passing", "no passing over 3.5 t"),
    *("priority at next intersection", "priority road", "give way", "stop", "no vehicles", "no vehicles over 3.5 t"),
    *("no entry", "general caution", "curve left", "curve right", "double curve", "bumpy road", "slippery road"),
    *("road narrows on the right", "road works", "traffic signals", "pedestrians", "children", "bicycles"),
    *("ice or snow", "wild animals", "end of all restrictions", "turn right ahead", "turn left ahead", "ahead only"),
    *("ahead or right", "ahead or left", "keep right", "keep left", "roundabout", "end of no passing"),
    "end of no passing over 3.5 t",
)
"""What each class shows, in class order, for people to read."""

CLASSES = tuple(f"{number:05d}" for number in range(len(SIGN_NAMES)))
"""Class names as the published folders have them: by these, domains are matched."""

TRAIN_FOLDERS = ("GTSRB/Final_Training/Images", "gtsrb/GTSRB/Training", "gtsrb/train")
TEST_FOLDERS = ("GTSRB/Final_Test/Images", "gtsrb/GTSRB/Final_Test/Images")
TEST_LISTS = (
    *("GTSRB/GT-final_test.csv", "GTSRB/Final_Test/Images/GT-final_test.csv"),
    *("gtsrb/GT-final_test.csv", "gtsrb/GTSRB/GT-final_test.csv", "GT-final_test.csv"),
)


@dataclass(frozen=True)
class Frame:
    """One line of a GT-*.csv: file name below the images' folder, class number, region of the sign."""

    name: str
    label: int
    roi: Box


def read(root: Path, split: str, size: Size | None = None, fit: Fit = "stretch") -> Domain:
    """Traffic signs, whole frames or, in the `-roi` splits, only the annotated region of the sign.

    `paths` keeps `class/track_frame`: the frames of a track show one sign, and belong into one split.
    """
    part, _, roi = split.partition("-")
    folder, frames = _train_frames(root) if part == "train" else _test_frames(root)
    return GTSRB.photographs(
        split,
        folder,
        [frame.name for frame in frames],
        np.array([frame.label for frame in frames], dtype=np.int64),
        CLASSES,
        size=size or DEFAULT_SIZE,
        fit=fit,
        boxes=[frame.roi for frame in frames] if roi else None,
    )


GTSRB = DataSet(
    name="gtsrb",
    summary="photographs of 43 German traffic signs, 39,209 to train and 12,630 to test (Stallkamp et al., 2012)",
    splits=("train", "train-roi", "test", "test-roi"),
    where="Get GTSRB_Final_Training_Images.zip, GTSRB_Final_Test_Images.zip and GTSRB_Final_Test_GT.zip from "
    "benchmark.ini.rub.de and unpack them in the data root, so that GTSRB/Final_Training/Images/00000 lies there and "
    "GT-final_test.csv in GTSRB (a folder gtsrb/train with gtsrb/train.csv beside it is read too)",
    read=read,
    marks=(*TRAIN_FOLDERS, *TEST_FOLDERS),
    downloadable=True,
)


def _train_frames(root: Path) -> tuple[Path, list[Frame]]:
    folder = GTSRB.find(root, TRAIN_FOLDERS)
    whole = folder.with_name("train.csv")
    if whole.is_file():
        return folder, list(_frames(whole, "Path"))
    frames = []
    for name in CLASSES:
        listing = folder / name / f"GT-{name}.csv"
        if listing.is_file():
            frames += [Frame(f"{name}/{frame.name}", frame.label, frame.roi) for frame in _frames(listing, "Filename")]
        elif (folder / name).is_dir():
            raise GTSRB.missing(root, str(listing.relative_to(root)))
    absent = next((name for name in CLASSES if not (folder / name).is_dir()), None)
    if absent is not None:  # as where an unpacking was stopped
        raise DataError(f"{folder} is not whole: the class folder {absent} is missing; remove it, and unpack it again.")
    return folder, frames


def _test_frames(root: Path) -> tuple[Path, list[Frame]]:
    folder = GTSRB.find(root, TEST_FOLDERS)
    return folder, list(_frames(GTSRB.find(root, TEST_LISTS), "Filename"))


def _frames(listing: Path, name_column: str) -> Iterator[Frame]:
    try:
        with listing.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = list(csv.DictReader(file, delimiter=";", skipinitialspace=True))
    except (OSError, csv.Error) as error:
        raise GTSRB.damaged(listing, str(error)) from error
    for number, row in enumerate(rows, 2):
        try:
            frame = Frame(str(row[name_column]), int(row["ClassId"]), _roi(row))
        except (KeyError, TypeError, ValueError) as error:
            raise GTSRB.damaged(listing, f"line {number} is not a whole row of its columns") from error
        if not 0 <= frame.label < len(CLASSES):
            raise GTSRB.damaged(listing, f"{frame.name} has class {frame.label}, beyond the {len(CLASSES)}")
        yield frame


def _roi(row: dict[str, str]) -> Box:
    """The sign's region as fractions, so that it fits a rescaled frame too; X2 and Y2 are exclusive."""
    width, height = int(row["Width"]), int(row["Height"])
    left, upper, right, lower = (int(row[f"Roi.{corner}"]) for corner in ("X1", "Y1", "X2", "Y2"))
    if not (0 <= left < right <= width and 0 <= upper < lower <= height):
        raise ValueError("the region lies outside of the frame")
    return left / width, upper / height, right / width, lower / height
