"""Twins: copies are exact, recompressed and resized pictures near, different ones neither."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from synthda.datasets import duplicates
from synthda.datasets.domain import ArrayImages
from synthda.datasets.duplicates import difference_hashes, twins_in


def scenery(number: int, side: int = 32) -> NDArray[np.uint8]:
    """A smooth picture of its own."""
    coarse = np.random.default_rng([5, number]).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


def recompressed(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    stored = io.BytesIO()
    Image.fromarray(picture).save(stored, "JPEG", quality=60)
    return np.asarray(Image.open(stored).convert("RGB"))


def brighter(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.clip(picture.astype(np.int16) + 15, 0, 255).astype(np.uint8)


def test_copies_are_exact_twins_and_each_of_them_counts():
    pictures = np.stack([scenery(number) for number in (0, 1, 2, 0, 3, 0)])
    found = twins_in(ArrayImages(pictures))
    assert (found.of, found.examined, found.exact, found.near) == (6, 6, 3, 0)
    assert found.examples == [(0, 3), (0, 5)]


@pytest.mark.parametrize("change", [recompressed, brighter])
def test_a_picture_that_looks_the_same_is_a_near_twin(change):
    pictures = np.stack([*(scenery(number) for number in range(50)), change(scenery(7))])
    found = twins_in(ArrayImages(pictures))
    assert (found.exact, found.near) == (0, 2)
    assert found.examples == [(7, 50)]


def test_exact_twins_are_not_counted_among_the_near_ones_again():
    pictures = np.stack([scenery(0), scenery(0), recompressed(scenery(0)), scenery(1)])
    found = twins_in(ArrayImages(pictures))
    assert (found.exact, found.near) == (2, 1)


def test_different_pictures_are_no_twins():
    found = twins_in(ArrayImages(np.stack([scenery(number) for number in range(400)])))
    assert (found.exact, found.near, found.examples) == (0, 0, [])


def test_one_hash_alone_makes_no_twins():
    ramp = np.repeat(np.linspace(0, 250, 32)[None, :, None], 32, 0).repeat(3, 2)
    steep, gentle = ramp.astype(np.uint8), (ramp / 3).astype(np.uint8)
    assert twins_in(ArrayImages(np.stack([steep, gentle]))).near == 0


def test_a_hash_has_a_bit_for_each_pixel_that_is_brighter_than_its_left_neighbour():
    rising = np.tile(np.arange(9, dtype=np.uint8), (8, 1))
    half = rising.copy()
    half[4:] = half[4:, ::-1]
    hashes = difference_hashes(np.stack([rising, rising[:, ::-1], half]))
    assert np.bitwise_count(hashes).tolist() == [64, 0, 32]


def test_of_a_large_domain_a_sample_is_examined_in_blocks(monkeypatch):
    class Counting(ArrayImages):
        largest = 0

        def read(self, rows):
            Counting.largest = max(Counting.largest, len(rows))
            return super().read(rows)

    monkeypatch.setattr(duplicates, "BLOCK", 10)
    pictures = Counting(np.stack([scenery(number % 60) for number in range(120)]))
    found = twins_in(pictures, most=40)
    assert (found.of, found.examined) == (120, 40)
    assert found.exact == 40  # every third row: 0, 3, … 117, and 60 is a multiple of 3
    assert Counting.largest == 10


def test_twins_in_different_blocks_are_found_from_either_side():
    pictures = np.stack([scenery(number) for number in range(40)] + [brighter(scenery(number)) for number in range(40)])
    assert twins_in(ArrayImages(pictures)).near == 80


def test_no_images_have_no_twins():
    assert twins_in(ArrayImages(np.zeros((0, 8, 8, 3), np.uint8))).examined == 0
