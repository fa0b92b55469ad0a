"""A sweep changes one factor, within what the renderer draws, on scenes that show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes, factor_names
from synthda.errors import SettingError
from synthda.synth.preview import captions_of, drawn, preview, sweep
from synthda.synth.renderer import columns, render_rows

SCENE = columns(label="i8", level="f4", dots="i4", shade="u1", ink="i2", still="f4", idle="f4", noise_seed="i8")


@dataclass(frozen=True, kw_only=True)
class Dots:
    """Grey squares; `shade` counts only where there are dots, and ink 2 is drawn by no scene and cannot be rendered."""

    @property
    def classes(self) -> tuple[str, ...]:
        return ("a", "b", "c")

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return 8, 8, 3

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        return {"ink": ("blue", "red", "gold")}

    @property
    def inputs(self) -> Mapping[str, str]:
        return {}

    def sample(self, rng: np.random.Generator, n: int) -> Scenes:
        scenes = np.zeros(n, SCENE)
        scenes["label"] = rng.integers(3, size=n)
        scenes["level"] = rng.uniform(0, 100, n)
        scenes["dots"] = rng.integers(5, size=n)
        scenes["shade"] = rng.integers(100, size=n)
        scenes["ink"] = rng.integers(2, size=n)
        scenes["still"] = 0.5
        scenes["idle"] = rng.random(n)
        scenes["noise_seed"] = rng.integers(100, size=n)
        return scenes

    def render(self, scenes: Scenes) -> NDArray[np.uint8]:
        if (scenes["ink"] > 1).any():
            raise IndexError("gold")
        images = np.zeros((len(scenes), *self.image_shape), np.uint8)
        images[:, 0, 0, 0] = scenes["level"]
        images[:, 0, 0, 1] = scenes["dots"]
        images[:, 0, 0, 2] = scenes["shade"] * (scenes["dots"] > 0)
        images[:, 0, 1, 0] = scenes["ink"]
        images[:, 0, 1, 1] = scenes["label"]
        return images


def pixels(tiles, columns, *where):
    return np.array([tile.image[where] for tile in tiles]).reshape(-1, columns)


def test_a_preview_shows_each_class_in_its_column_and_the_images_that_generate_would_write():
    tiles, across = preview(Dots(), 12, seed=3)
    assert (len(tiles), across) == (12, 3)
    assert [tile.caption for tile in tiles] == ["a", "b", "c"] * 4
    _, written = render_rows(Dots(), 3, 1024)
    known = {image.tobytes() for image in written}
    assert all(tile.image.tobytes() in known for tile in tiles)


def test_with_many_classes_each_is_shown_as_often():
    class Many(Dots):
        classes = tuple(f"class {number}" for number in range(30))

        def sample(self, rng, n):
            scenes = super().sample(rng, n)
            scenes["label"] = np.arange(n) % 30
            return scenes

    captions = [tile.caption for tile in preview(Many(), 65)[0]]
    assert {captions.count(name) for name in Many.classes} == {2}
    assert len(preview(Many(), 12)[0]) == 12


def test_a_sweep_goes_evenly_from_the_least_to_the_greatest_value_and_changes_nothing_else():
    tiles, across = sweep(Dots(), "level", 27)
    levels = pixels(tiles, across, 0, 0, 0)
    column = drawn(Dots())["level"]
    assert levels.shape == (3, 9)
    assert (levels == np.linspace(column.min(), column.max(), 9).astype(np.uint8)).all()
    assert pixels(tiles, across, 0, 1, 1)[:, 0].tolist() == [0, 1, 2]  # a row a class
    for row in np.array([tile.image for tile in tiles]).reshape(3, 9, 8, 8, 3):
        row[:, 0, 0, 0] = 0
        assert (row == row[0]).all()
    assert [tile.caption for tile in tiles[:2]] == [
        f"{column.min():.1f}",
        f"{np.linspace(column.min(), 100, 9)[1]:.1f}",
    ]


def test_whole_numbers_are_swept_in_whole_numbers():
    tiles, across = sweep(Dots(), "dots", 30)
    assert [tile.caption for tile in tiles[:across]] == ["0", "1", "2", "3", "4"]


def test_of_a_choice_each_entry_that_is_drawn_has_its_turn():
    tiles, across = sweep(Dots(), "ink", 6)
    assert [tile.caption for tile in tiles] == ["blue", "red"] * 3
    assert pixels(tiles, across, 0, 1, 0).tolist() == [[0, 1]] * 3


def test_rows_are_scenes_in_which_the_factor_shows():
    tiles, across = sweep(Dots(), "shade", 27)
    assert (pixels(tiles, across, 0, 0, 1) > 0).all()


@pytest.mark.parametrize(
    ("factor", "sentence"),
    [
        ("levle", "no factor 'levle'. Did you mean level"),
        ("label", "says what is shown"),
        ("noise_seed", "draws of noise"),
        ("still", "always 0.50 with these settings"),
        ("idle", "changes no pixel"),
    ],
)
def test_what_cannot_be_swept_is_told_with_what_can(factor, sentence):
    with pytest.raises(SettingError, match=sentence):
        sweep(Dots(), factor, 20)


def test_a_factor_whose_values_cannot_be_rendered_alone_is_told():
    class Gilded(Dots):
        def sample(self, rng, n):
            scenes = super().sample(rng, n)
            scenes["ink"][0] = 2
            return scenes

    with pytest.raises(SettingError, match="the renderer cannot draw it"):
        sweep(Gilded(), "ink", 20)


def test_captions_resolve_the_steps_and_keep_the_ends_of_long_entries():
    assert captions_of(np.array([-1e-9, 0.85, 1.7], np.float32), None) == ["0.00", "0.85", "1.70"]
    assert captions_of(np.array([0.0, 240.0], np.float32), None) == ["0", "240"]
    assert captions_of(np.array([0, 1, -1]), ["DejaVu Sans Bold", "Arial"]) == ["Deja…ans Bold", "Arial", "none"]


def test_the_label_and_seeds_are_no_factors():
    assert factor_names(drawn(Dots())) == ["level", "dots", "shade", "ink", "still", "idle"]
