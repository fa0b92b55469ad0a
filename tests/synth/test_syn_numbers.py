from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
import pytest

from synthda.datasets.domain import Scenes
from synthda.errors import SettingError
from synthda.synth.colours import luminance
from synthda.synth.ink import NONE
from synthda.synth.lettering import glyph
from synthda.synth.renderer import render_rows, sample_block
from synthda.synth.syn_numbers import SynNumbers

PLAIN: dict[str, Any] = dict.fromkeys(
    (
        "angle",
        "shear",
        "jitter",
        "perspective",
        "weight",
        "wobble",
        "wear",
        "streaks",
        "stencil",
        "outline",
        "hollow",
        "bevel",
    ),
    0,
)
PLAIN |= dict.fromkeys(("shadow", "fill_gradient", "gradient", "texture", "clutter", "lines", "tight", "hand"), 0)
PLAIN |= dict.fromkeys(("light", "dark", "over", "temperature", "haze", "blur", "motion", "defocus"), 0)
PLAIN |= {"sharpen": 0, "noise": 0, "stretch": 1, "reduce": 1, "jpeg": 100, "fonts": "matplotlib"}
"""No factor but text, font, size and colours."""


def plain(**settings: Any) -> SynNumbers:
    return SynNumbers(**PLAIN | settings)


def colour(scenes: Scenes, part: str) -> np.ndarray:
    levels: np.ndarray = np.stack([scenes[f"{part}_{channel}"] for channel in "rgb"], axis=1).astype(float)
    return levels


def ink(scenes: Scenes, images: np.ndarray) -> np.ndarray:
    """(n, H, W): whether a pixel is nearer to the fill than to the ground."""
    fill, ground = (colour(scenes, part)[:, None, None] for part in ("fill", "ground"))
    nearer: np.ndarray = np.abs(images - fill).sum(axis=3) < np.abs(images - ground).sum(axis=3)
    return nearer


@pytest.mark.parametrize("size", [16, 32, 80])
def test_a_row_alone_gives_the_pixels_it_gives_in_its_block(size: int) -> None:
    numbers = SynNumbers(fonts="matplotlib", size=size)
    scenes, images = render_rows(numbers, 0, 100)
    assert images.shape == (100, size, size, 3)
    for row in range(100):
        assert (numbers.render(scenes[row : row + 1])[0] == images[row]).all()
    assert (numbers.render(scenes[::-1])[::-1] == images).all()


def test_a_row_alone_with_a_photograph_behind_it_gives_the_same_pixels(photographs: Path) -> None:
    numbers = SynNumbers(fonts="matplotlib", backgrounds=str(photographs))
    scenes, images = render_rows(numbers, 0, 60)
    assert 15 < (scenes["background"] == 3).sum() < 45
    assert sum(name.startswith("backgrounds/") for name in numbers.inputs) == 24
    for row in range(60):
        assert (numbers.render(scenes[row : row + 1])[0] == images[row]).all()


def test_pixels_do_not_depend_on_what_was_drawn_before() -> None:
    numbers = SynNumbers(fonts="matplotlib")
    scenes = sample_block(numbers, 0, 0)[:60]
    images = numbers.render(scenes)
    glyph.cache_clear()
    cv2.ipp.setUseIPP(True)
    for row in range(59, -1, -7):
        assert (numbers.render(scenes[row : row + 1])[0] == images[row]).all()


@pytest.mark.parametrize(("share", "low", "high"), [(0, 0, 0), (0.2, 0.12, 0.28), (1, 1, 1)])
def test_photographs_stand_behind_their_share_of_the_numbers(
    photographs: Path, share: float, low: float, high: float
) -> None:
    numbers = plain(backgrounds=str(photographs), photographs=share)
    behind = sample_block(numbers, 0, 0)["background"] == 3
    assert low <= behind.mean() <= high


def test_a_tight_digit_spans_the_frame() -> None:
    numbers = plain(tight=1, one=1, two=0, three=0, smallest=0.9, largest=0.9)
    scenes, images = render_rows(numbers, 0, 120)
    spans = [np.ptp(np.flatnonzero(covered.any(axis=0))) + 1 for covered in ink(scenes, images)]
    broad = scenes["aspect"] < 2.5  # a 1 is not stretched without end
    assert np.quantile(np.array(spans)[broad], 0.1) >= 0.65 * 32


def test_a_font_file_or_a_photograph_that_cannot_be_used_is_named(photographs: Path, tmp_path: Path) -> None:
    faces = tmp_path / "faces"
    faces.mkdir()
    bundled = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    shutil.copy(bundled / "DejaVuSans.ttf", faces)
    (faces / "damaged.ttf").write_bytes(b"no font")
    (photographs / "damaged.png").write_bytes(b"no photograph")
    numbers = SynNumbers(fonts=str(faces), backgrounds=str(photographs))
    assert [Path(line.partition(": ")[0]).name for line in numbers.skipped] == ["damaged.ttf", "damaged.png"]


def test_rendering_draws_from_no_global_generator() -> None:
    numbers = SynNumbers(fonts="matplotlib")
    scenes = sample_block(numbers, 0, 0)[:20]
    np.random.seed(0)
    first = numbers.render(scenes)
    np.random.seed(1)
    before = scenes.copy()
    assert (numbers.render(scenes) == first).all()
    assert (scenes == before).all()


def test_no_scenes_give_no_images() -> None:
    numbers = SynNumbers(fonts="matplotlib")
    assert numbers.render(sample_block(numbers, 0, 0)[:0]).shape == (0, 32, 32, 3)


def test_labels_are_uniform() -> None:
    labels = np.concatenate([sample_block(plain(), 0, block)["label"] for block in range(20)])
    assert np.bincount(labels, minlength=10).min() > 0.08 * len(labels)
    assert np.bincount(labels, minlength=10).max() < 0.12 * len(labels)


@pytest.mark.parametrize(("shares", "neighbours"), [((1, 0, 0), 0), ((0, 1, 0), 1), ((0, 0, 1), 2)])
def test_the_number_of_digits_follows_its_shares(shares: tuple[int, int, int], neighbours: int) -> None:
    one, two, three = shares
    scenes = sample_block(plain(one=one, two=two, three=three), 0, 0)
    beside = (scenes["left"] != NONE).astype(int) + (scenes["right"] != NONE)
    assert (beside == neighbours).all()
    if neighbours == 1:
        assert 0.3 < (scenes["left"] != NONE).mean() < 0.7


def test_the_label_is_the_digit_in_the_centre() -> None:
    """With its neighbours taken away, the middle of the frame stays the same."""
    numbers = plain(one=0, two=0, three=1, largest=0.8, spacing=0.08)
    scenes, images = render_rows(numbers, 0, 50)
    alone = scenes.copy()
    alone["left"] = alone["right"] = NONE
    single = numbers.render(alone)
    assert (single[:, :, 14:18] == images[:, :, 14:18]).mean() > 0.99
    assert (single != images).any(axis=(1, 2, 3)).mean() > 0.9
    other = alone.copy()
    other["label"] = (other["label"] + 1) % 10
    assert (numbers.render(other)[:, :, 10:22] != single[:, :, 10:22]).any(axis=(1, 2, 3)).all()


def test_neighbours_are_cut_by_the_frame() -> None:
    scenes, images = render_rows(plain(one=0, two=0, three=1, largest=0.8, spacing=0.08), 0, 60)
    touching = ink(scenes, images)[:, :, [0, -1]].any(axis=1)
    assert touching.mean() > 0.6


def test_a_lone_digit_stands_in_the_centre_at_its_height() -> None:
    scenes, images = render_rows(plain(one=1, two=0, three=0, largest=0.9), 0, 120)
    for scene, covered in zip(scenes, ink(scenes, images), strict=True):
        rows, across = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
        assert (rows[0] + rows[-1]) / 2 == pytest.approx(15.5, abs=1)
        assert (across[0] + across[-1]) / 2 == pytest.approx(15.5, abs=1)
        # Digits of one face differ in height, and thin strokes fade.
        assert 0.6 * scene["scale"] * 32 < rows[-1] - rows[0] + 1 <= scene["scale"] * 32 + 1.5


def test_the_contrast_floor_holds() -> None:
    scenes = sample_block(SynNumbers(fonts="matplotlib", contrast=70), 0, 0)
    gap = luminance(colour(scenes, "fill")) - luminance(colour(scenes, "ground"))
    assert np.abs(gap).min() >= 70
    assert 0.35 < (gap > 0).mean() < 0.65


RANGES = [
    ("angle", "angle", 30, -30, 30),
    ("shear", "shear", 0.5, -0.5, 0.5),
    ("jitter", "shift_x", 0.2, -0.2, 0.2),
    ("stretch", "aspect", 2, 0.5, 2),
    ("perspective", "tilt_y", 0.5, -0.5, 0.5),
    ("spacing", "spacing", 0.5, 0.03, 0.5),
    ("weight", "weight", 0.08, -0.032, 0.08),
    ("wobble", "wobble", 0.1, 0, 0.1),
    ("wear", "wear", 1, 0, 1),
    ("outline", "outline_width", 0.1, 0, 0.1),
    ("shadow", "shadow", 0.9, 0, 0.9),
    ("gradient", "gradient", 100, 0, 100),
    ("texture", "texture", 40, 0, 40),
    ("light", "light", 0.8, 0, 0.8),
    ("blur", "blur", 3, 0, 3),
    ("motion", "motion", 5, 0, 5),
    ("reduce", "reduce", 4, 1, 4),
    ("noise", "noise", 20, 0, 20),
    ("smallest", "scale", 0.3, 0.3, 1.06),
    ("largest", "scale", 1.2, 0.55, 1.2),
    ("stencil", "stencil", 0.2, 0, 0.2),
    ("streaks", "streaks", 0.2, 0, 0.2),
    ("fill_gradient", "fill_gradient", 200, 0, 200),
    ("bevel", "bevel", 200, 0, 200),
    ("defocus", "defocus", 4, 0, 4),
    ("sharpen", "sharpen", 2, 0, 2),
    ("haze", "haze", 100, 0, 100),
    ("dark", "exposure", 4, -4, 0.3),
    ("over", "exposure", 3, -0.8, 3),
    ("temperature", "temperature", 2, -2, 2),
]


@pytest.mark.parametrize(("setting", "column", "value", "low", "high"), RANGES)
def test_a_setting_bounds_its_factor(setting: str, column: str, value: float, low: float, high: float) -> None:
    drawn = sample_block(SynNumbers(fonts="matplotlib", tight=0, **{setting: value}), 0, 0)[column]  # type: ignore[arg-type]
    assert low - 1e-6 <= drawn.min() < low + 0.2 * (high - low)
    assert low + 0.5 * (high - low) < drawn.max() <= high + 1e-6


@pytest.mark.parametrize("setting", [name for name, value in PLAIN.items() if value in (0, 1, 100)])
def test_each_factor_changes_the_images(setting: str) -> None:
    strong = {"stretch": 1.5, "reduce": 3, "jpeg": 10, "gradient": 150, "texture": 60, "clutter": 1, "noise": 20}
    strong |= {"angle": 30, "blur": 3, "motion": 6, "bevel": 100, "fill_gradient": 150, "haze": 100, "dark": 2}
    strong |= {"sharpen": 2, "defocus": 4}
    value = strong.get(setting, 0.1 if setting in ("weight", "outline", "wobble") else 0.3)
    numbers = plain(**{setting: value})
    images, untouched = (render_rows(each, 0, 160)[1] for each in (numbers, plain()))
    assert (untouched != images).any(axis=(1, 2, 3)).sum() >= 4


def test_blur_and_jpeg_follow_their_shares() -> None:
    scenes = SynNumbers(fonts="matplotlib", tight=0).sample(np.random.default_rng(0), 20_000)
    shares = {"blur": 0.7, "jpeg": 0.2}
    assert {name: (scenes[name] > 0).mean() for name in shares} == pytest.approx(shares, abs=0.02)


def test_the_darker_colour_is_never_exposed_to_white() -> None:
    scenes = sample_block(plain(over=4), 0, 0)
    darker = np.minimum(*(luminance(colour(scenes, part)) for part in ("fill", "ground")))
    exposed = darker * 2 ** scenes["exposure"].astype(float)
    assert exposed.max() == pytest.approx(225, rel=1e-4)
    assert (scenes["exposure"] > 1).any()


def test_a_photograph_deviates_from_the_ground_by_a_third_of_the_contrast(photographs: Path) -> None:
    scenes = sample_block(plain(backgrounds=str(photographs)), 0, 0)
    gap = luminance(colour(scenes, "fill")) - luminance(colour(scenes, "ground"))
    np.testing.assert_allclose(scenes["photo_contrast"], 0.35 * np.abs(gap), rtol=1e-5)


def test_no_saturation_makes_grey_images() -> None:
    images = render_rows(plain(saturation=0), 0, 30)[1].astype(int)
    assert np.ptp(images, axis=3).max() <= 1


def test_clutter_follows_its_share() -> None:
    scenes = sample_block(SynNumbers(fonts="matplotlib", clutter=1), 0, 0)
    assert (scenes["clutter"] > 0).all()
    assert not sample_block(SynNumbers(fonts="matplotlib", clutter=0), 0, 0)["clutter"].any()


def test_codes_index_their_tables() -> None:
    numbers = SynNumbers(fonts="matplotlib")
    scenes = sample_block(numbers, 0, 0)
    for column, choices in numbers.tables.items():
        assert scenes[column].max() < max(1, len(choices)), column
    by_hand = [name for name in numbers.tables["font"] if name.startswith("hand ")]
    assert len(by_hand) > 50
    assert set(numbers.inputs) == {f"fonts/{name}" for name in numbers.tables["font"] if name not in by_hand}


def test_a_pickled_renderer_brings_the_fonts_that_it_has_found(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = SynNumbers(fonts="matplotlib", angle=20)
    scenes, images = render_rows(numbers, 0, 5)
    pickled = pickle.dumps(numbers)
    assert pickle.loads(pickled) == numbers
    monkeypatch.setattr("synthda.synth.syn_numbers.faces_of", None)
    assert (pickle.loads(pickled).render(scenes) == images).all()


def test_smallest_above_largest_is_refused() -> None:
    with pytest.raises(SettingError, match="smallest ≤ largest"):
        SynNumbers(smallest=1.2, largest=0.9)


def test_no_share_of_any_number_is_refused() -> None:
    with pytest.raises(SettingError, match="share above 0"):
        SynNumbers(one=0, two=0, three=0)


def test_rendering_leaves_opencv_without_the_code_paths_that_are_not_repeatable() -> None:
    renderer = SynNumbers(fonts="matplotlib", size=16)
    renderer.render(sample_block(renderer, 0, 0)[:4])
    ink = (cv2.GaussianBlur(np.random.default_rng(0).random((200, 150)), (0, 0), 5) > 0.5).astype(np.uint8)
    first, *others = (cv2.distanceTransform(ink.copy(), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for _ in range(20))
    assert all(np.array_equal(first, other) for other in others)
