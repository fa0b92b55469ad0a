from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from synthda.errors import SettingError
from synthda.settings import configure
from synthda.synth.charsets import CHARSETS, chances, faces_of
from synthda.synth.ink import BESIDE
from synthda.synth.renderer import render_rows, sample_block
from synthda.synth.syn_numbers import SynNumbers

PLAIN = dict.fromkeys(("gradient", "texture", "clutter", "fill_gradient", "outline", "shadow", "bevel", "lines"), 0)
PLAIN |= dict.fromkeys(("light", "dark", "over", "temperature", "haze", "blur", "motion", "defocus", "sharpen"), 0)
PLAIN |= dict.fromkeys(("noise", "wear", "streaks", "wobble", "hollow", "stencil", "weight"), 0) | {
    "reduce": 1,
    "jpeg": 100,
}
"""No factor but the display, its pose and its colours."""


def numbers(charset: str, **settings: Any) -> SynNumbers:
    return SynNumbers(charset=charset, fonts="matplotlib", **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(("charset", "classes"), [("letters", 26), ("alphanumeric", 36), ("seven-segment", 10)])
def test_the_classes_follow_the_charset_and_all_are_rendered(charset: str, classes: int) -> None:
    renderer = numbers(charset)
    assert len(renderer.classes) == classes
    labels = np.concatenate([sample_block(renderer, 0, block)["label"] for block in range(4)])
    assert len(np.unique(labels)) == classes


@pytest.mark.parametrize("charset", ["letters", "alphanumeric", "seven-segment"])
def test_a_row_alone_gives_the_pixels_it_gives_in_its_block_in_every_charset(charset: str) -> None:
    renderer = numbers(charset)
    scenes, images = render_rows(renderer, 0, 60)
    for row in range(60):
        assert (renderer.render(scenes[row : row + 1])[0] == images[row]).all()


@pytest.mark.parametrize("charset", ["letters", "seven-segment"])
def test_neighbours_are_of_the_same_set(charset: str) -> None:
    renderer = numbers(charset, one=0, two=0, three=1, lines=1)
    scenes = sample_block(renderer, 0, 0)
    for name in BESIDE:
        assert scenes[name].max() == len(CHARSETS[charset]) - 1  # type: ignore[index]
        assert renderer.tables[name] == renderer.classes


def test_displays_need_no_fonts() -> None:
    renderer = numbers("seven-segment")
    assert not any(name.startswith("fonts/") for name in renderer.inputs)
    assert all(name.startswith("seven-segment") for name in renderer.tables["font"])


def test_unlit_segments_have_their_share_of_the_fill_and_only_on_displays() -> None:
    assert not sample_block(numbers("digits"), 0, 0)["unlit"].any()
    renderer = SynNumbers(**PLAIN | {"charset": "seven-segment", "size": 64, "one": 1, "two": 0, "three": 0})
    scenes = sample_block(renderer, 0, 0)[:50]
    scenes["label"], scenes["unlit"] = 1, 0.5
    fill, ground = (
        np.stack([scenes[f"{part}_{c}"] for c in "rgb"], axis=1).astype(float) for part in ("fill", "ground")
    )
    images = renderer.render(scenes).astype(float)
    halfway = np.abs(images - (0.5 * (fill + ground))[:, None, None]).max(axis=3) <= 1
    lit = np.abs(images - fill[:, None, None]).max(axis=3) <= 1
    # Two of seven segments shine: of the other five one sees more.
    assert np.median(halfway.sum(axis=(1, 2)) / np.maximum(1, lit.sum(axis=(1, 2)))) == pytest.approx(2.5, abs=0.8)
    scenes["unlit"] = 0
    assert (np.abs(renderer.render(scenes) - images).max(axis=(1, 2, 3)) > 0).all()


def test_hands_take_their_share_and_draw_digits_alone() -> None:
    faces, shares = faces_of("digits", "matplotlib"), chances("digits", "matplotlib", 0.3)
    by_hand = [face.name.startswith("hand ") for face in faces]
    assert shares.sum() == pytest.approx(1)
    assert shares[by_hand].sum() == pytest.approx(0.3)
    assert not any(face.name.startswith("hand ") for face in faces_of("letters", "matplotlib"))
    assert chances("letters", "matplotlib", 0.3).sum() == pytest.approx(1)


def test_an_unknown_charset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingError, match="letters"):
        configure({"renderer": SynNumbers}, {"charset": "leters"})
