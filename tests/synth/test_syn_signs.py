"""Traffic signs: every class, every factor a column, each row the same alone as in its block."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from synthda.datasets.gtsrb import CLASSES
from synthda.errors import DataError, SettingError
from synthda.synth.plates import NONE
from synthda.synth.renderer import render_rows, sample_block
from synthda.synth.syn_signs import SynSigns

CALM: dict[str, Any] = {
    "jitter": 0,
    "stretch": 1,
    "yaw": 0,
    "pitch": 0,
    "roll": 0,
    "nearest": 100,
    "neighbour": 0,
    "pole": 0,
    "plain": 1,
    "fade": 0,
    "vivid": 1,
    "dirt": 0,
    "dark": 0,
    "over": 0,
    "backlight": 0,
    "haze": 0,
    "temperature": 0,
    "tint": 0,
    "light": 0,
    "shadow": 0,
    "occlusion": 0,
    "blur": 0,
    "motion": 0,
    "defocus": 0,
    "reduce": 1,
    "sharpen": 0,
    "noise": 0,
    "jpeg": 100,
}
"""Every factor at rest."""


def calm(**settings: Any) -> SynSigns:
    return SynSigns(**CALM | settings)


def test_the_classes_are_those_of_gtsrb() -> None:
    assert SynSigns().classes == CLASSES
    scenes = sample_block(SynSigns(), 0, 0)
    assert set(np.unique(scenes["label"])) <= set(range(43))


def test_a_row_alone_is_the_row_in_its_block() -> None:
    renderer = SynSigns(size=32)
    scenes = sample_block(renderer, 3, 1)
    together = renderer.render(scenes)
    for row in (0, 7, 100, 255):
        np.testing.assert_array_equal(renderer.render(scenes[row : row + 1])[0], together[row])


def test_rendering_twice_gives_the_same_bytes() -> None:
    scenes, images = render_rows(SynSigns(), 5, 64)
    np.testing.assert_array_equal(SynSigns().render(scenes), images)


def test_at_rest_a_sign_is_its_template_reduced() -> None:
    renderer = calm(size=64, smallest=1, largest=1)
    scenes = sample_block(renderer, 0, 0)
    row = int(np.flatnonzero(scenes["label"] == CLASSES.index("00017"))[0])  # no entry: red, with a white bar
    image = renderer.render(scenes[row : row + 1])[0].astype(int)
    red, white = image[12, 32], image[32, 32]
    assert red[0] > red[1] + 100
    assert white.min() > 230


@pytest.mark.parametrize(("yaw", "narrower"), [(0.0, 1.0), (60.0, 0.5)])
def test_yaw_foreshortens_by_its_cosine(yaw: float, narrower: float) -> None:
    renderer = calm(size=128, smallest=0.7, largest=0.7)
    scene = sample_block(renderer, 0, 0)[:1].copy()
    scene["template"] = scene["label"] = 15  # no vehicles: a disc
    scene["yaw"], scene["distance"] = yaw, 1000
    for part in ("ground", "second"):
        for channel, level in zip("rgb", (0, 255, 0), strict=True):
            scene[f"{part}_{channel}"] = level
    covered = np.abs(renderer.render(scene)[0].astype(int) - [0, 255, 0]).sum(axis=2) > 200
    width, height = (covered.any(axis=axis).sum() for axis in (0, 1))
    assert height == pytest.approx(0.7 * 128, abs=3)
    assert width == pytest.approx(narrower * height, abs=3)


@pytest.mark.parametrize("roll", [-25.0, 40.0])
def test_a_positive_roll_turns_clockwise(roll: float) -> None:
    renderer = calm(size=96, smallest=0.8, largest=0.8)
    scene = sample_block(renderer, 0, 0)[:1].copy()
    scene["template"] = scene["label"] = 17  # its white bar is level
    upright = renderer.render(scene)[0]
    scene["roll"] = roll
    turned = renderer.render(scene)[0]
    undone = np.asarray(Image.fromarray(turned).rotate(roll, Image.Resampling.BICUBIC))
    middle = slice(30, 66)
    difference = np.abs(undone[middle, middle].astype(int) - upright[middle, middle])
    assert difference.mean() < 8


def test_each_stop_doubles_the_light() -> None:
    renderer = calm()
    scene = sample_block(renderer, 0, 0)[:1].copy()
    for channel in "rgb":
        scene[f"ground_{channel}"] = 40
    scene["exposure"] = 1
    assert abs(int(renderer.render(scene)[0, 0, 0, 0]) - 80) <= 1
    scene["exposure"], scene["haze"] = -1, 10
    assert abs(int(renderer.render(scene)[0, 0, 0, 0]) - 25) <= 1


def test_factors_at_their_least_are_never_drawn() -> None:
    scenes = sample_block(calm(), 0, 0)
    for column in ("yaw", "pitch", "roll", "fade", "dirt", "shadow", "occluder", "blur", "motion", "defocus", "jpeg"):
        assert not scenes[column].any(), column
    assert (scenes["neighbour"] == NONE).all()


RANGES = [
    ("smallest", "scale", 0.3, 0.3, 0.94),
    ("largest", "scale", 1.2, 0.66, 1.2),
    ("jitter", "shift_x", 0.3, -0.3, 0.3),
    ("jitter", "shift_y", 0.3, -0.3, 0.3),
    ("stretch", "aspect", 2, 0.5, 2),
    ("yaw", "yaw", 60, -60, 60),
    ("pitch", "pitch", 60, -60, 60),
    ("roll", "roll", 90, -90, 90),
    ("nearest", "distance", 3, 3, 60),
    ("fade", "fade", 1, 0, 1),
    ("vivid", "vivid", 3, 1 / 3, 3),
    ("dirt", "dirt", 1, 0, 1),
    ("dark", "exposure", 6, -6, 1.2),
    ("over", "exposure", 3, -3, 3),
    ("backlight", "backlight", 4, -4, 4),
    ("haze", "haze", 100, 0, 100),
    ("temperature", "temperature", 2, -2, 2),
    ("tint", "tint", 2, -2, 2),
    ("light", "light", 0.9, 0, 0.9),
    ("shadow", "shadow", 1, 0, 1),
    ("occlusion", "occluder", 0.9, 0, 0.9),
    ("reduce", "reduce", 4, 1, 4),
]
"""The rest of the camera's factors are those of SynNumbers, too."""


@pytest.mark.parametrize(("setting", "column", "value", "low", "high"), RANGES)
def test_a_setting_bounds_its_factor(setting: str, column: str, value: float, low: float, high: float) -> None:
    drawn = sample_block(SynSigns(**{setting: value}), 0, 0)[column]  # type: ignore[arg-type]
    assert low - 1e-6 <= drawn.min() < low + 0.2 * (high - low)
    assert low + 0.5 * (high - low) < drawn.max() <= high + 1e-6


STRONG = {"jitter": 0.3, "stretch": 1.5, "yaw": 60, "pitch": 40, "roll": 30, "nearest": 2, "neighbour": 1, "pole": 1}
STRONG |= {"plain": 0, "fade": 1, "vivid": 3, "dirt": 1, "dark": 3, "over": 2, "backlight": 3, "haze": 100}
STRONG |= {"temperature": 1, "tint": 1, "light": 0.8, "shadow": 1, "occlusion": 0.8, "blur": 3, "motion": 6}
STRONG |= {"defocus": 4, "reduce": 3, "sharpen": 2, "noise": 20, "jpeg": 10}


@pytest.mark.parametrize("setting", CALM)
def test_each_factor_changes_the_images(setting: str) -> None:
    turned = {"yaw": 20}  # from a plate that faces the camera, its distance cannot be told
    images, untouched = (render_rows(calm(**turned | factor), 0, 160)[1] for factor in ({setting: STRONG[setting]}, {}))
    assert (untouched != images).any(axis=(1, 2, 3)).sum() >= 4


def test_factors_that_not_every_sign_has_follow_their_shares() -> None:
    scenes = SynSigns().sample(np.random.default_rng(0), 20_000)
    shares = {"dirt": 0.25, "shadow": 0.2, "occluder": 0.1, "pole": 0.35, "jpeg": 0.3}
    assert {name: (scenes[name] > 0).mean() for name in shares} == pytest.approx(shares, abs=0.02)
    assert (scenes["neighbour"] != NONE).mean() == pytest.approx(0.12, abs=0.02)
    assert scenes["jpeg"][scenes["jpeg"] > 0].min() == 60


def test_against_the_light_what_is_behind_is_brighter_and_the_sign_a_quarter_of_it_darker() -> None:
    scenes = sample_block(SynSigns(), 0, 0)
    np.testing.assert_allclose(scenes["bright"], -0.25 * scenes["backlight"], rtol=1e-6)
    renderer = calm()
    scene = sample_block(renderer, 0, 0)[:1].copy()
    scene["template"] = scene["label"] = 17  # its white bar is level
    for channel in "rgb":
        scene[f"ground_{channel}"] = 40
    at_rest = renderer.render(scene)[0].astype(int)
    scene["backlight"], scene["bright"] = 1, -1
    lit = renderer.render(scene)[0].astype(int)
    assert (at_rest[0, 0] == 40).all()
    assert (lit[0, 0] == 80).all()
    np.testing.assert_allclose(lit[20, 20], at_rest[20, 20] / 2, atol=1)


def test_signs_of_another_country_are_rendered_from_a_folder(tmp_path: Path) -> None:
    for name, colour in (("stop", (200, 0, 0, 255)), ("go", (0, 150, 0, 255))):
        Image.new("RGBA", (40, 40), colour).save(tmp_path / f"{name}.png")
    renderer = calm(templates=str(tmp_path), smallest=0.8, largest=0.8)
    assert renderer.classes == ("go", "stop")
    scenes, images = render_rows(renderer, 0, 32)
    middle = images[:, 20, 20].astype(int)
    assert ((middle[:, 0] > middle[:, 1]) == (scenes["label"] == 1)).all()


def test_several_templates_of_a_class_share_its_label(tmp_path: Path) -> None:
    for path in ("b/one.png", "b/two.png", "a/one.png"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        Image.new("RGBA", (16, 16), (9, 9, 9, 255)).save(tmp_path / path)
    scenes = sample_block(SynSigns(templates=str(tmp_path)), 0, 0)
    assert set(scenes["template"][scenes["label"] == 0]) == {0}
    assert set(scenes["template"][scenes["label"] == 1]) == {1, 2}


def test_photographs_stand_behind_half_of_the_signs(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in "abc":
        Image.fromarray(rng.integers(0, 256, (80, 90, 3), dtype=np.uint8)).save(tmp_path / f"{name}.png")
    renderer = SynSigns(backgrounds=str(tmp_path))
    scenes = sample_block(renderer, 0, 0)
    share = (scenes["photo"] >= 0).mean()
    assert 0.4 < share < 0.6
    assert renderer.render(scenes[:64]).std() > 10
    assert len(renderer.tables["photo"]) == 3


def test_sizes_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(SettingError, match="give smallest ≤ largest"):
        SynSigns(smallest=0.9, largest=0.5)


def test_a_missing_folder_of_templates_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder of templates"):
        sample_block(SynSigns(templates=str(tmp_path / "none")), 0, 0)


@pytest.mark.parametrize("size", [8, 200])
def test_any_size_can_be_rendered(size: int) -> None:
    _, images = render_rows(SynSigns(size=size), 0, 4)
    assert images.shape == (4, size, size, 3)


def test_a_neighbour_behind_the_camera_is_not_seen() -> None:
    renderer = calm(nearest=0.8)
    scene = sample_block(renderer, 0, 0)[:1].copy()
    scene["distance"], scene["pitch"], scene["neighbour"] = 0.8, 60, 3
    beside = []
    for place in (0, 1):
        scene["neighbour_at"] = place
        beside.append(renderer.render(scene)[0])
    scene["neighbour"] = NONE
    alone = renderer.render(scene)[0]
    assert sum(np.array_equal(image, alone) for image in beside) == 1
