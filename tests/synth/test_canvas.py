"""Pasting: where pictures land, what they cover, what their shadow and their seam do to what is below."""

from __future__ import annotations

import numpy as np
import pytest

from synthda.synth.assortment import Picture
from synthda.synth.canvas import DECOR, HARD, MEMBRANE, SOFT, Canvas, Piece, _membrane
from synthda.synth.price_tags import COUNT, tags

ONES = np.ones(3, np.float32)


def square(colour: tuple[int, int, int] = (200, 100, 50), side: int = 40) -> Picture:
    image = np.full((side, side, 4), 255, np.uint8)
    image[..., :3] = colour
    return Picture(image)


def at(x: float, y: float, side: float) -> np.ndarray:
    return np.array([[side, 0, x], [0, side, y], [0, 0, 1.0]])


def grey(size: int = 64, level: float = 80, **how) -> Canvas:
    return Canvas(np.full((size, size, 3), level, np.float32), **how)


def test_a_picture_lands_where_its_matrix_says() -> None:
    canvas = grey(blend=HARD)
    canvas.paste(Piece(square(), at(31.5, 19.5, 20), ONES, code=7))
    rows, columns = np.nonzero(canvas.owners == 0)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (22, 41, 10, 29)
    np.testing.assert_array_equal(canvas.pixels[20, 32], (200, 100, 50))
    np.testing.assert_array_equal(canvas.pixels[5, 5], (80, 80, 80))
    assert canvas.pasted == [7]


def test_what_is_pasted_later_hides_what_was_there() -> None:
    canvas = grey(blend=HARD)
    for x, code in ((20, 3), (30, 5)):
        canvas.paste(Piece(square(), at(x, 30, 20), ONES, code=code))
    assert canvas.pasted == [3, 5]
    assert canvas.owners[30, 15] == 0
    assert canvas.owners[30, 25] == canvas.owners[30, 35] == 1
    canvas.polygon(np.array([(0, 0), (63, 0), (63, 30), (0, 30)], float), ONES)
    assert (canvas.owners[:29] == DECOR).all()
    canvas.forget()
    assert (canvas.owners == DECOR).all()
    assert canvas.pasted == []


@pytest.mark.parametrize("matrix", [at(200, 30, 20), at(30, -90, 20), at(30, 30, 0.5)])
def test_what_is_outside_or_too_small_changes_nothing(matrix: np.ndarray) -> None:
    canvas = grey()
    canvas.paste(Piece(square(), matrix, ONES, relief=0.2, shadow=0.5, code=0))
    assert (canvas.pixels == 80).all()


def test_a_picture_behind_the_camera_is_not_drawn() -> None:
    matrix = at(30, 30, 20)
    matrix[2] = (0, -3, 1)
    canvas = grey()
    canvas.paste(Piece(square(), matrix, ONES, code=0))
    assert (canvas.pixels == 80).all()


def test_gains_multiply_the_channels() -> None:
    canvas = grey(blend=SOFT)
    canvas.paste(Piece(square(), at(30, 30, 30), np.array([0.5, 1.0, 2.0], np.float32)))
    np.testing.assert_allclose(canvas.pixels[30, 30], (100, 100, 100))


def test_relief_is_brightest_on_the_side_from_which_light_comes() -> None:
    canvas = grey(towards=(0.0, 1.0))
    canvas.paste(Piece(square((100, 100, 100)), at(31, 31, 40), ONES, relief=0.3))
    assert canvas.pixels[16, 31, 0] > canvas.pixels[31, 31, 0] + 10 > canvas.pixels[46, 31, 0] + 20


def test_shadows_fall_beside_a_product_and_darken_at_most_as_far_as_they_say() -> None:
    canvas = grey(towards=(0.0, 1.0))
    canvas.paste(Piece(square(), at(31, 31, 30), ONES, shadow=0.5))
    below, above = canvas.pixels[48, 31, 0], canvas.pixels[13, 31, 0]
    assert 40 <= below < above <= 80


def test_the_membrane_of_a_constant_difference_is_that_constant() -> None:
    alpha = np.zeros((40, 40), np.float32)
    alpha[8:30, 10:34] = 1
    found = _membrane(np.full((40, 40, 3), 20, np.float32), alpha)
    np.testing.assert_allclose(found[10:28, 12:32], 0.4 * 20, rtol=1e-3)


def test_the_membrane_lies_between_the_differences_at_the_rim_and_follows_the_nearer_one() -> None:
    alpha = np.zeros((48, 48), np.float32)
    alpha[8:40, 8:40] = 1
    difference = np.repeat(np.linspace(-30, 30, 48, dtype=np.float32)[None, :, None], 48, axis=0).repeat(3, axis=2)
    found = _membrane(difference, alpha)[12:36, 12:36, 0]
    assert np.abs(found).max() < 0.4 * 30
    assert found[:, 0].max() < found[:, 12].min() + 4 < found[:, -1].min() + 4
    assert abs(found[:, 11:13].mean()) < 1.5


def test_membrane_blending_takes_part_of_the_difference_away() -> None:
    plain, drawn = grey(level=0, blend=SOFT), grey(level=0, blend=MEMBRANE)
    for canvas in (plain, drawn):
        canvas.paste(Piece(square((100, 100, 100)), at(31, 31, 30), ONES))
    assert drawn.pixels[31, 31, 0] == pytest.approx(0.6 * plain.pixels[31, 31, 0], rel=0.02)


def test_price_tags_are_opaque_and_differ() -> None:
    assert len(tags()) == COUNT
    assert all((tag.image[..., 3] == 255).all() for tag in tags())
    assert len({tag.image.tobytes() for tag in tags()}) == COUNT
