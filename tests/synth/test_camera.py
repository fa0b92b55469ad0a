from __future__ import annotations

import numpy as np
import pytest

from synthda.datasets.domain import Scenes
from synthda.synth import camera, noise
from synthda.synth.renderer import columns
from synthda.synth.syn_numbers import SynNumbers


def still(n: int = 1, /, **factors: float) -> Scenes:
    scenes = np.zeros(n, columns(**camera.COLUMNS))
    scenes["reduce"] = 1
    scenes["noise_seed"] = np.arange(n) + 7
    for name, value in factors.items():
        scenes[name] = value
    return scenes


def checks(n: int = 1, size: int = 32) -> np.ndarray:
    pattern = np.where((np.indices((size, size)) // 2).sum(axis=0) % 2, 220.0, 30.0).astype(np.float32)
    return np.repeat(np.repeat(pattern[None, :, :, None], 3, axis=3), n, axis=0)


def test_most_photographs_are_fair_and_some_are_bad() -> None:
    scenes = still(20_000)
    camera.sample(np.random.default_rng(0), scenes, SynNumbers(jpeg=50))
    shares = {"motion": 1 / 6, "defocus": 1 / 6, "sharpen": 0.5, "jpeg": 0.3}
    assert {name: (scenes[name] > 0).mean() for name in shares} == pytest.approx(shares, abs=0.02)
    assert (scenes["reduce"] > 1).mean() == pytest.approx(0.3, abs=0.02)
    assert (scenes["jpeg"][scenes["jpeg"] > 0].min(), scenes["jpeg"].max()) == (50, 95)
    camera.sample(np.random.default_rng(0), scenes, SynNumbers(jpeg=96))
    assert not scenes["jpeg"].any()


def test_a_perfect_camera_rounds_and_clips_only() -> None:
    image = np.array([[-3.0, 0.4, 0.6], [254.6, 300.0, 100.2]], np.float32)[None, :, :, None].repeat(3, axis=3)
    assert camera.photograph(image, still())[0, :, :, 0].tolist() == [[0, 0, 1], [255, 255, 100]]


@pytest.mark.parametrize("factor", [{"blur": 1.5}, {"motion": 4.0, "motion_angle": 30}, {"reduce": 2.5}])
def test_blur_motion_and_few_pixels_take_contrast(factor: dict[str, float]) -> None:
    assert camera.photograph(checks(), still(**factor)).std() < 0.8 * checks().std()


def test_motion_spreads_a_point_along_its_direction() -> None:
    image = np.zeros((1, 33, 33, 3), np.float32)
    image[0, 16, 16] = 255
    taken = camera.photograph(image, still(motion=6))[0, :, :, 0].astype(int)
    assert np.flatnonzero(taken.any(axis=1)).tolist() == [16]
    assert 6 <= taken.any(axis=0).sum() <= 8
    assert taken.sum() == pytest.approx(255, rel=0.05)


def test_noise_has_the_strength_of_its_column() -> None:
    grey = np.full((64, 32, 32, 3), 128, np.float32)
    scenes = still(64)
    scenes["noise"][32:] = 8
    taken = camera.photograph(grey, scenes).astype(float)
    assert taken[:32].std() == 0
    assert taken[32:].std() == pytest.approx(8, rel=0.03)
    assert (taken[32] != taken[33]).any()


def test_jpeg_changes_an_image_less_at_a_higher_quality() -> None:
    image = checks().repeat(2, axis=1).repeat(2, axis=2)[:, :32, :32]
    clean = camera.photograph(image, still()).astype(int)
    low, high = (abs(camera.photograph(image, still(jpeg=q)) - clean).mean() for q in (20, 95))
    assert low > 2 * high > 0


def test_a_colour_survives_jpeg() -> None:
    image = np.zeros((1, 32, 32, 3), np.float32)
    image[..., 0] = 200
    taken = camera.photograph(image, still(jpeg=90))[0].mean(axis=(0, 1))
    assert taken == pytest.approx([200, 0, 0], abs=4)


def test_blur_scales_with_the_frame() -> None:
    small = camera.photograph(checks(size=32), still(blur=1))
    large = camera.photograph(checks(size=32).repeat(2, axis=1).repeat(2, axis=2), still(blur=1))
    assert large.std() == pytest.approx(small.std(), rel=0.15)


def test_hashed_noise_is_nearly_normal_and_uncorrelated_between_rows() -> None:
    values = noise.normal(np.arange(200, dtype=np.uint32), (500,), salt=3)
    assert values.mean() == pytest.approx(0, abs=0.02)
    assert values.std() == pytest.approx(1, abs=0.02)
    assert (np.abs(values) < 2).mean() == pytest.approx(0.954, abs=0.015)
    correlation = np.asarray(np.corrcoef(values[:50])) - np.eye(50)
    assert np.abs(correlation).max() < 0.25


def test_fields_of_one_seed_differ_by_their_salt() -> None:
    seeds = np.array([5], np.uint32)
    assert (noise.smooth(seeds, 16, 4, 0) != noise.smooth(seeds, 16, 4, 1)).any()


def test_a_long_motion_is_an_even_streak_not_a_row_of_ghosts() -> None:
    kernel = camera._streak(96.0, 0)
    row = kernel[len(kernel) // 2]
    inner = row[row > 0][1:-1]
    assert len(inner) >= 94
    assert inner.max() < 2 * inner.min()
    assert kernel.sum() == pytest.approx(1, abs=1e-5)


def test_a_stop_doubles_light_and_orange_light_takes_blue() -> None:
    grey = np.full((1, 8, 8, 3), 60, np.float32)
    assert camera.photograph(grey.copy(), still(exposure=1)).mean() == pytest.approx(120, abs=0.5)
    red, green, blue = camera.photograph(grey.copy(), still(temperature=1))[0, 4, 4].tolist()
    assert red > green == 60 > blue
    red, green, blue = camera.photograph(grey.copy(), still(tint=1))[0, 4, 4].tolist()
    assert red == blue > 60 > green


def test_overexposed_light_spills_over_because_optics_come_before_clipping() -> None:
    image = np.zeros((1, 32, 32, 3), np.float32)
    image[:, :, :16] = 250
    spilt = [camera.photograph(image.copy(), still(exposure=stops, blur=2))[0, 16, 18, 0] for stops in (0, 2)]
    assert spilt[1] > 2 * spilt[0] > 0


@pytest.mark.parametrize("radius", [1.5, 4.0])
def test_defocus_spreads_a_point_into_an_even_disc(radius: float) -> None:
    image = np.zeros((1, 32, 32, 3), np.float32)
    image[0, 16, 16] = 255 * 12
    disc = camera.photograph(image, still(defocus=radius))[0, :, :, 0].astype(int)
    inside = np.hypot(*np.indices((32, 32)) - 16) < radius - 0.5
    assert disc[inside].min() == disc[inside].max() > 0
    assert not disc[np.hypot(*np.indices((32, 32)) - 16) > radius + 0.5].any()


def test_sharpening_raises_the_contrast_of_edges_and_not_of_areas() -> None:
    image = np.full((1, 32, 32, 3), 80, np.float32)
    image[:, :, 16:] = 160
    sharp = camera.photograph(image, still(sharpen=1))[0, 16, :, 0]
    assert (sharp[4], sharp[28]) == (80, 160)
    assert sharp[15] < 80
    assert sharp[16] > 160


def test_grain_of_large_frames_takes_bounded_memory_and_reaches_every_pixel() -> None:
    image = np.full((1, 512, 512, 3), 128, np.float32)
    taken = camera.photograph(image, still(noise=10)).astype(float)
    assert taken.std() == pytest.approx(10, rel=0.03)
    assert taken[0, -50:].std() == pytest.approx(10, rel=0.1)
    assert len(camera._grain(max(2 * 512 * 512 * 3, camera.MOST_GRAIN))) * 4 <= 17_000_000
