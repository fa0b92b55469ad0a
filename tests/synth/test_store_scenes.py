"""Scenes of a store: what stands beside what, and what is behind it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synthda.synth.assortment import Product
from synthda.synth.canvas import Canvas
from synthda.synth.store_scenes import COLUMNS, PHOTOGRAPH, ROW, Stock, _codes, _paint_behind


def product(class_name: str) -> Product:
    return Product(np.full((8, 8, 4), 255, np.uint8), f"{class_name}.png", class_name, "", given=True)


def beside(*classes: str, packs: frozenset[str] = frozenset({"milk", "tea"})) -> list[list[int]]:
    stock = Stock(tuple(product(name) for name in classes), packs)
    return [codes.tolist() for codes in stock.beside]


def test_beside_a_product_stand_other_classes_of_its_shape_and_of_any_where_there_are_none() -> None:
    assert beside("lemon", "lemon", "pear", "milk") == [[2], [2], [0, 1], [0, 1, 2]]
    assert beside("lemon", "milk", "tea") == [[1, 2], [2], [1]]
    assert beside("lemon") == [[0]]


def test_a_board_repeats_no_product_while_there_are_others() -> None:
    codes = _codes(7, np.arange(40), 830)
    assert codes.shape == (3, ROW)
    assert len(np.unique(codes)) == 3 * ROW
    assert set(_codes(7, np.array([4, 9]), 830).ravel().tolist()) == {4, 9}


def behind(depth: float, size: int = 64) -> NDArray[np.float32]:
    """A photograph of a checkerboard behind a product, so many 128ths of the frame out of focus."""
    scene = np.zeros(1, [*COLUMNS.items(), ("template", "i4")])[0]
    scene["behind"], scene["photo_zoom"], scene["depth"] = PHOTOGRAPH, 1, depth
    photograph = np.repeat(255 * (np.indices((size, size)).sum(axis=0) // 4 % 2)[..., None], 3, axis=2)
    canvas = Canvas(np.zeros((size, size, 3), np.float32))
    _paint_behind(canvas, scene, Stock((product("lemon"),), frozenset()), [photograph.astype(np.uint8)])
    return canvas.pixels


def test_what_is_behind_a_product_is_out_of_focus_by_its_depth() -> None:
    sharp, soft = behind(0), behind(8)
    assert set(np.unique(sharp)) == {0, 255}
    assert soft.std() < 0.2 * sharp.std()
    assert abs(soft.mean() - sharp.mean()) < 2
