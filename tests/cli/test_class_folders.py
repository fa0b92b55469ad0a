"""What the folders of a labelled source caution against."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from synthda.cli.class_folders import about_class_folders
from synthda.datasets.folders import open_folder


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path)


def told(folder: Path) -> list[str]:
    return list(about_class_folders(str(folder), open_folder(folder, size=(8, 8), labelled=True)))


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Two classes."""
    for name in ("cola", "soap"):
        picture(tmp_path / "labelled" / name / "1.png")
        picture(tmp_path / "labelled" / name / "2.png")
    return tmp_path / "labelled"


def test_class_folders_that_hold_images_are_not_spoken_of(labelled: Path) -> None:
    picture(labelled / "soap" / "shelf" / "2.png")
    assert told(labelled) == []


def test_a_source_one_level_too_high_is_told_with_the_level_below(labelled: Path) -> None:
    above = labelled.parent
    picture(above / "spare" / "soap" / "1.png")
    (line,) = told(above)
    assert line.startswith(
        f"The classes of {above} are labelled, spare, whose images lie in folders below, such as cola,"
    )
    assert line.endswith(f"give --source {labelled}.")
    picture(above / "spare" / "2.png")
    assert told(above) == []


def test_a_class_without_an_image_that_can_be_read_is_told(labelled: Path) -> None:
    (labelled / "tea").mkdir()
    (labelled / "jam").mkdir()
    (labelled / "jam" / "1.heic").write_bytes(b"of a phone")
    (labelled / ".hidden").mkdir()
    (line,) = told(labelled)
    assert line.startswith(f"2 folders of {labelled} without an image that can be read")
    assert line.endswith("jam, tea.")


def test_adapt_and_compare_say_so_before_they_train(synthda: Any, photos: Path) -> None:
    (photos / "tea").mkdir()
    for verb in ("adapt", "compare"):
        done = synthda(verb, "--source", "photos", "--target", "photos/level", "--size", 16, "--dry-run")
        assert done.code == 0, done.err
        assert "1 folder of photos without an image that can be read, and so without a class: tea" in done.err
