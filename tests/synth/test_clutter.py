from __future__ import annotations

import numpy as np
import pytest

from synthda.synth import clutter
from synthda.synth.charsets import chances, faces_of
from synthda.synth.fonts import DIGITS
from synthda.synth.renderer import columns

SCENE = columns(ground_r="u1", ground_g="u1", ground_b="u1", **clutter.COLUMNS)
FACES = faces_of("digits", "matplotlib")


def scene(kind: int, **values: float) -> np.ndarray:
    """One row of black clutter on white, straight and sharp."""
    row = np.zeros(1, SCENE)
    row["clutter"] = kind
    row["clutter_soft"] = 1
    row["clutter_character"] = -1
    for name, value in values.items():
        row[f"clutter_{name}"] = value
    return row


def painted(row: np.ndarray, size: int = 100) -> np.ndarray:
    images = np.full((1, 3, size, size), 255, np.float32)
    clutter.paint(images, row, FACES, DIGITS)
    assert (images[0, 0] == images[0, 1]).all()
    plane: np.ndarray = images[0, 0]
    return plane


def test_an_edge_covers_what_lies_beyond_it() -> None:
    plane = painted(scene(clutter.EDGE, angle=0, at=0.2))
    assert (plane[:, :70] == 255).all()  # 0.2 frames right of the centre, at pixel 70
    assert (plane[:, 70:] < 0.01).all()


def test_a_bar_has_its_width() -> None:
    plane = painted(scene(clutter.BAR, angle=90, at=0.3, width=0.1))
    assert np.flatnonzero(plane[:, 50] < 128).tolist() == list(range(75, 85))


def test_a_rim_leaves_the_plate_free() -> None:
    plane = painted(scene(clutter.RIM, at=0.4))
    assert (plane[11:89, 11:89] == 255).all()
    assert (plane[:9] == 0).all()
    assert (plane[:, 91:] == 0).all()


def test_slats_come_a_period_apart() -> None:
    plane = painted(scene(clutter.SLATS, angle=90, at=0.0, period=0.25, width=0.08))
    dark = np.flatnonzero(plane[:, 50] < 128)
    starts = dark[np.flatnonzero(np.diff(dark, prepend=-9) > 1)]
    assert np.diff(starts)[1:-1].tolist() == pytest.approx([25] * (len(starts) - 3), abs=1)


def test_bricks_of_the_next_course_are_shifted_by_half_a_brick() -> None:
    plane = painted(scene(clutter.BRICKS, period=0.4, width=0.05, at=0.0), 200)
    courses = [plane[200 // 2 + offset] for offset in (18, 18 + 36)]  # 0.45 · 0.4 · 200 = 36 pixels a course
    joints = [set(np.flatnonzero(course < 128) % 80) for course in courses]
    assert joints[0]
    assert {(place + 40) % 80 for place in joints[0]} == joints[1]


def test_two_screws_sit_on_opposite_sides_of_the_characters() -> None:
    plane = painted(scene(clutter.SCREWS, at=0.4, width=0.06))
    assert (plane[:, 20:80] == 255).all()
    assert plane[50, 10] == 0
    assert plane[50, 90] == 0
    # Radius 0.03 + 0.06 / 3 = 0.05 frames.
    assert (plane < 128).sum() == pytest.approx(2 * np.pi * 5**2, rel=0.1)


def test_a_character_of_another_line_stays_near_the_rim() -> None:
    plane = painted(scene(clutter.CHARACTER, angle=0, at=0.2, period=0.4, character=8, font=0))
    assert (plane < 128).any()
    assert (plane[:, :60] == 255).all()


def test_a_shadow_falls_beside_the_clutter_and_fades() -> None:
    plane = painted(scene(clutter.EDGE, angle=0, at=0.2, shadow=0.5))
    assert plane[50, 68] < 160
    assert plane[50, 63] > plane[50, 68]
    assert plane[50, 50] == 255


def test_every_kind_is_drawn_and_what_crosses_the_digits_stays_close_to_the_ground() -> None:
    scenes = np.zeros(4000, SCENE)
    for channel in "rgb":
        scenes[f"ground_{channel}"] = 120
    clutter.sample(
        np.random.default_rng(0),
        scenes,
        share=1,
        room=np.full(4000, 60.0),
        characters=10,
        chances=chances("digits", "matplotlib", 0.3),
        saturation=0,
    )
    assert set(scenes["clutter"]) == set(range(1, 8))
    crossing = np.isin(scenes["clutter"], (clutter.SLATS, clutter.BRICKS))
    assert np.abs(scenes["clutter_r"][crossing].astype(int) - 120).max() <= 31
    assert (scenes["clutter_character"] >= 0).sum() == (scenes["clutter"] == clutter.CHARACTER).sum()


@pytest.mark.parametrize("kind", [clutter.EMPTY, clutter.CHARACTER])
def test_a_character_is_drawn_where_it_is_the_clutter_and_has_a_face(kind: int) -> None:
    drawn = kind == clutter.CHARACTER
    assert (painted(scene(kind, character=8, font=0, period=0.5)).min() < 128) == drawn
    assert (painted(scene(kind, character=-1, font=0, period=0.5)) == 255).all()
    assert (painted(scene(kind, character=8, font=-1, period=0.5)) == 255).all()
