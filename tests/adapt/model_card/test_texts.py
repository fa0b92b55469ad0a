"""The program to copy sees a photograph as synthda does, but for what the report says beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from synthda.adapt.model_card.texts import program_of
from synthda.datasets.photos import read_photo
from synthda.datasets.resize import Fit

SIZE = (20, 28)


def seen_by_the_program(photo: Path, fit: Fit) -> NDArray[np.uint8]:
    """What its lines about the picture make of it."""
    lines = [line for line in program_of(SIZE, fit).splitlines() if line.startswith(("image =", "pixels ="))]
    known = {"Image": Image, "ImageOps": ImageOps, "np": np}
    exec("\n".join(lines).replace("photo.jpg", photo.as_posix()), known)
    return np.asarray(known["pixels"])


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_photograph_is_turned_and_brought_to_size_as_synthda_does(tmp_path: Path, fit: Fit, orientation: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (41, 57, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(noise).save(tmp_path / "a.jpg", exif=exif)
    np.testing.assert_array_equal(
        seen_by_the_program(tmp_path / "a.jpg", fit), read_photo(tmp_path / "a.jpg", SIZE, fit)
    )


def test_transparency_is_dropped_and_sixteen_bits_are_clipped(tmp_path: Path) -> None:
    Image.new("RGBA", (28, 20), (9, 9, 9, 0)).save(tmp_path / "clear.png")
    Image.fromarray(np.full((20, 28), 30_000, np.uint16)).save(tmp_path / "deep.png")
    for name, theirs, ours in (("clear.png", 9, 255), ("deep.png", 255, 117)):
        assert set(seen_by_the_program(tmp_path / name, "stretch").ravel().tolist()) == {theirs}
        assert set(read_photo(tmp_path / name, SIZE).ravel().tolist()) == {ours}
