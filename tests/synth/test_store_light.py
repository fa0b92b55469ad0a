from __future__ import annotations

import numpy as np
import pytest

from synthda.synth import store_light
from synthda.synth.renderer import columns

CALM = {"contrast": 0.0, "vivid": 1.0, "light": 0.0, "vignette": 0.0, "glare": 0.0}


def rows(n: int = 4, **given: float) -> np.ndarray:
    scenes = np.zeros(n, columns(light_angle="f4", **store_light.COLUMNS))
    store_light.sample(np.random.default_rng(0), scenes, **CALM)
    for name, value in given.items():
        scenes[name] = value
    return scenes


@pytest.mark.parametrize("level", [60, 100, 180])
def test_the_phone_exposes_for_the_level_that_it_meters(level: float) -> None:
    images = np.full((4, 16, 16, 3), level, np.float32)
    store_light.fall(images, rows(metered=110))
    np.testing.assert_allclose(images, 110, rtol=1e-4)


def test_the_gain_has_a_limit() -> None:
    images = np.full((4, 16, 16, 3), 10, np.float32)
    store_light.fall(images, rows(metered=110))
    np.testing.assert_allclose(images, 10 * store_light.MOST_GAIN, rtol=1e-4)


def test_grey_stays_grey_and_colours_become_more_vivid() -> None:
    images = np.full((4, 16, 16, 3), 105, np.float32)
    images[0, 3, 3] = (120, 100, 90)
    store_light.fall(images, rows(metered=105, vivid=1.5))
    assert np.ptp(images[1, 3, 3]) < 1e-3
    assert np.ptp(images[0, 3, 3]) == pytest.approx(1.5 * 30, rel=0.02)


def test_contrast_is_about_the_metered_mean() -> None:
    images = np.full((4, 16, 16, 3), 80, np.float32)
    images[:, 8:] = 120
    store_light.fall(images, rows(metered=110, contrast=0.3))
    np.testing.assert_allclose(images[:, :8], 110 - 1.3 * 1.1 * 20, rtol=1e-4)
    np.testing.assert_allclose(images[:, 8:], 110 + 1.3 * 1.1 * 20, rtol=1e-4)


def test_a_reflection_is_brightest_at_its_place() -> None:
    images = np.full((1, 32, 32, 3), 60, np.float32)
    store_light.fall(images, rows(1, glare=100, glare_x=0.7, glare_y=0.3, glare_long=0.2, glare_wide=0.1))
    assert np.argwhere(images[0, :, :, 0] == images[0, :, :, 0].max()).tolist() == [[9, 22]]


def test_highlights_never_reach_white() -> None:
    images = np.random.default_rng(0).uniform(0, 900, (4, 16, 16, 3)).astype(np.float32)
    store_light.fall(images, rows(metered=200))
    assert images.max() < 255
    assert images.min() >= 0


def test_light_comes_from_its_direction_and_corners_are_darker() -> None:
    images = np.full((4, 32, 32, 3), 100, np.float32)
    store_light.fall(images, rows(metered=100, light=0.4, light_angle=-90, vignette=0.3))
    assert images[0, 2, 16, 0] > images[0, 16, 16, 0] > images[0, 29, 16, 0]
    assert images[0, 16, 1, 0] < images[0, 16, 16, 0]
