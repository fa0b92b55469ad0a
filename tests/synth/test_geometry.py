from __future__ import annotations

import numpy as np
import pytest

from synthda.datasets.domain import Scenes
from synthda.synth.geometry import POSE, look
from synthda.synth.renderer import columns

SIZE, UNIT, SCALE = 5, 40.0, 0.5
ACROSS = np.arange(-2, 3)[None, :] / SIZE
DOWN = np.arange(-2, 3)[:, None] / SIZE


def pose(**values: float) -> Scenes:
    """One object in the frame's centre, half as tall as it."""
    row = np.zeros(1, columns(**POSE))
    for name, value in ({"scale": SCALE, "aspect": 1} | values).items():
        row[name] = value
    return row


def test_turning_keeps_distances_from_the_centre() -> None:
    along, down = look(pose(angle=30), SIZE, UNIT)
    np.testing.assert_allclose(np.hypot(along, down)[0], UNIT / SCALE * np.hypot(ACROSS, DOWN), rtol=1e-5)


def test_a_positive_angle_turns_clockwise() -> None:
    along, down = look(pose(angle=90), SIZE, UNIT)
    below = 0, SIZE - 1, SIZE // 2  # there is what stood on the right
    assert along[below] == pytest.approx(UNIT / SCALE * 0.4)
    assert down[below] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("angle", [0, 30, 75, -120])
def test_neither_angle_nor_shear_changes_the_area(angle: float) -> None:
    along, down = look(pose(angle=angle, shear=0.3, aspect=2), SIZE, UNIT)
    right, below = ((each[0, 0, 1] - each[0, 0, 0], each[0, 1, 0] - each[0, 0, 0]) for each in (along, down))
    tall, wide = UNIT / SCALE, UNIT / SCALE / 2
    assert SIZE**2 * (right[0] * below[1] - right[1] * below[0]) == pytest.approx(wide * tall, rel=1e-4)


def test_shear_moves_what_is_farther_down_and_leaves_it_at_its_height() -> None:
    along, down = look(pose(shear=0.3), SIZE, UNIT)
    np.testing.assert_allclose(along[0], UNIT / SCALE * (ACROSS + 0.3 * DOWN), atol=1e-4)
    np.testing.assert_allclose(down[0], UNIT / SCALE * (0 * ACROSS + DOWN), atol=1e-4)
