from __future__ import annotations

import numpy as np
import pytest

from synthda.synth import paint
from synthda.synth.ink import Ink
from synthda.synth.renderer import columns

SCENE = columns(wear="f4", noise_seed="u4", **paint.COLUMNS)
SIZE = 40


def block(**values: float) -> np.ndarray:
    """One row: grey ink of level 100 on a ground of level 200."""
    row = np.zeros(1, SCENE)
    for channel in "rgb":
        row[f"fill_{channel}"] = 100
    for name, value in values.items():
        row[name] = value
    return row


def painted(row: np.ndarray) -> np.ndarray:
    """A bar from pixel 10 to 30, over a height of 20 pixels' character, painted; its first plane."""
    images = np.full((1, 3, SIZE, SIZE), 200, np.float32)
    at = np.arange(SIZE) + 0.5
    field = np.broadcast_to((10 - np.abs(at - 20))[None, None, :], (1, SIZE, SIZE)).astype(np.float32).copy()
    paint.paint(images, row, Ink(field, np.full((1, 1, 1), 20, np.float32)), None)
    plane: np.ndarray = images[0, 0]
    return plane


def test_the_fill_covers_the_ink_and_nothing_else() -> None:
    line = painted(block())[20]
    assert line[:10].tolist() == [200] * 10
    assert line[10:30].tolist() == [100] * 20
    assert line[30:].tolist() == [200] * 10


def test_an_outline_surrounds_the_ink_at_its_width() -> None:
    line = painted(block(outline_width=0.1))[20]  # 0.1 · 20 = 2 pixels, black
    assert line[6:12].tolist() == [200, 200, 0, 0, 100, 100]


def test_hollow_ink_is_its_rim_alone() -> None:
    line = painted(block(hollow=0.1))[20]
    assert line[8:14].tolist() == [200, 200, 100, 100, 200, 200]
    assert line[15:25].tolist() == [200] * 10


def test_a_fill_gradient_changes_the_fill_alone_and_by_its_levels() -> None:
    plane = painted(block(fill_gradient=40, fill_gradient_angle=90))
    assert plane[0, 20] == pytest.approx(100 - 40 * (0.5 - 0.5 / SIZE))
    assert plane[-1, 20] == pytest.approx(100 + 40 * (0.5 - 0.5 / SIZE))
    assert (plane[:, 5] == 200).all()


def test_a_bevel_lights_the_side_to_the_left_and_darkens_the_other() -> None:
    plane = painted(block(bevel=50))
    assert plane[20, 10] > 100
    assert plane[20, 29] < 100
    assert plane[20, 20] == 100


def test_a_shadow_darkens_the_ground_where_it_falls() -> None:
    line = painted(block(shadow=0.5, shadow_x=0.1, shadow_soft=1))[20]  # four pixels to the right
    assert line[30:34].tolist() == pytest.approx([100] * 4)
    assert line[36:].tolist() == [200] * 4
    assert line[5:10].tolist() == [200] * 5
