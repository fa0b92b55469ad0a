from __future__ import annotations

import numpy as np
import pytest

from synthda.synth.colours import coloured, contrasting, luminance


def test_a_colour_has_the_luminance_asked_for() -> None:
    rng = np.random.default_rng(0)
    luma = rng.uniform(0, 255, 2000)
    colours = coloured(luma, rng.random(2000), rng.random(2000))
    assert np.abs(luminance(colours) - luma).max() <= 0.51


def test_no_saturation_is_grey_and_full_saturation_is_pure() -> None:
    assert coloured(np.array([100.0]), np.array([0.3]), np.array([0.0])).tolist() == [[100, 100, 100]]
    red = luminance(np.array([[255, 0, 0]]))
    assert coloured(red, np.array([0.0]), np.array([1.0])).tolist() == [[255, 0, 0]]
    blue = luminance(np.array([[0, 0, 255]]))
    assert coloured(blue, np.array([2 / 3]), np.array([1.0])).tolist() == [[0, 0, 255]]


@pytest.mark.parametrize("floor", [10, 40, 120, 200])
def test_pairs_keep_the_contrast_floor_in_both_polarities(floor: int) -> None:
    first, second = contrasting(np.random.default_rng(1), 5000, contrast=floor, saturation=1)
    gap = luminance(first) - luminance(second)
    assert np.abs(gap).min() >= floor
    assert 0.4 < (gap > 0).mean() < 0.6
