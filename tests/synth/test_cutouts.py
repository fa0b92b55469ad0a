"""Pictures on plain backgrounds against mattes that are known, because the pictures were made from them."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from synthda.synth.cutouts import MatteError, cut_out

SIDE = 160
FINER = 4
"""Shapes are drawn at this many times the size and reduced, so that their edges are soft."""


def disc(radius: float = 0.36) -> NDArray[np.float64]:
    canvas = np.zeros((SIDE * FINER, SIDE * FINER), np.uint8)
    middle = SIDE * FINER // 2
    cv2.circle(canvas, (middle, middle), round(radius * SIDE * FINER), 255, -1)
    return reduced(canvas)


def star() -> NDArray[np.float64]:
    canvas = np.zeros((SIDE * FINER, SIDE * FINER), np.uint8)
    turn = np.pi * np.arange(10) / 5
    radius = np.where(np.arange(10) % 2, 0.2, 0.44)
    points = 0.5 + np.stack([radius * np.sin(turn), -radius * np.cos(turn)], axis=1)
    cv2.fillPoly(canvas, [np.rint(points * SIDE * FINER).astype(np.int32)], 255)
    return reduced(canvas)


def box() -> NDArray[np.float64]:
    canvas = np.zeros((SIDE * FINER, SIDE * FINER), np.uint8)
    corners = np.array([(0.3, 0.08), (0.68, 0.1), (0.7, 0.93), (0.28, 0.95)])
    cv2.fillPoly(canvas, [np.rint(corners * SIDE * FINER).astype(np.int32)], 255)
    return reduced(canvas)


def reduced(canvas: NDArray[np.uint8]) -> NDArray[np.float64]:
    return cv2.resize(canvas, (SIDE, SIDE), interpolation=cv2.INTER_AREA) / 255.0


def on_ground(matte: NDArray[np.float64], colour: object, ground: object = (255, 255, 255)) -> NDArray[np.uint8]:
    painted = np.broadcast_to(np.asarray(colour, np.float64), (SIDE, SIDE, 3))
    mixed = matte[..., None] * painted + (1 - matte[..., None]) * np.asarray(ground, np.float64)
    return np.rint(mixed).astype(np.uint8)


def through_jpeg(picture: NDArray[np.uint8], quality: int = 88) -> NDArray[np.uint8]:
    stored = io.BytesIO()
    Image.fromarray(picture).save(stored, "JPEG", quality=quality)
    return np.asarray(Image.open(stored))


def overlap(cut: NDArray[np.uint8], matte: NDArray[np.float64]) -> float:
    found, known = cut[..., 3] > 127, matte > 0.5
    return float((found & known).sum() / (found | known).sum())


@pytest.mark.parametrize("shape", [disc, star, box])
@pytest.mark.parametrize(
    ("colour", "ground"),
    [((200, 40, 30), (255, 255, 255)), ((230, 220, 60), (250, 252, 255)), ((240, 240, 240), (20, 20, 20))],
)
def test_a_coloured_shape_on_a_plain_background_is_cut_out(shape, colour, ground) -> None:
    matte = shape()
    assert overlap(cut_out(on_ground(matte, colour, ground)), matte) > 0.98


@pytest.mark.parametrize("shape", [disc, star, box])
def test_compression_and_noise_leave_the_outline(shape) -> None:
    matte = shape()
    picture = on_ground(matte, (70, 130, 50)).astype(np.float64)
    picture += np.random.default_rng(0).normal(0, 2, picture.shape)
    cut = cut_out(through_jpeg(np.clip(picture, 0, 255).astype(np.uint8)))
    assert overlap(cut, matte) > 0.97


def test_a_white_pack_with_print_on_white_keeps_its_faces() -> None:
    matte = box()
    pack = np.full((SIDE, SIDE, 3), 246.0)
    for top in (40, 70, 100):
        pack[top : top + 12, 60:100] = (30, 60, 160)
    cut = cut_out(through_jpeg(on_ground(matte, pack), 92))
    assert overlap(cut, matte) > 0.97


def test_a_soft_shadow_beside_a_product_is_left_behind() -> None:
    matte = disc(0.25)
    ground = np.full((SIDE, SIDE), 255.0)
    y, x = np.mgrid[:SIDE, :SIDE]
    ground -= 90 * np.exp(-(((x - 110) / 26) ** 2) - ((y - 118) / 9) ** 2)
    picture = on_ground(matte, (200, 40, 30), np.repeat(ground[..., None], 3, axis=2))
    assert overlap(cut_out(picture), matte) > 0.97


def test_the_rim_has_the_products_colour_and_no_halo() -> None:
    matte = disc()
    cut = cut_out(on_ground(matte, (200, 40, 30)))
    visible = cut[..., 3] > 0
    np.testing.assert_array_equal(np.unique(cut[visible][:, :3], axis=0), [(200, 40, 30)])


def test_alpha_at_the_rim_is_the_share_that_the_product_covers() -> None:
    matte = disc()
    alpha = cut_out(on_ground(matte, (200, 40, 30)))[..., 3] / 255
    rim = (matte > 0.1) & (matte < 0.9)
    assert np.abs(alpha - matte)[rim].mean() < 0.05


def test_the_same_picture_gives_the_same_matte() -> None:
    picture = through_jpeg(on_ground(star(), (90, 160, 40)))
    np.testing.assert_array_equal(cut_out(picture), cut_out(picture))


def test_a_picture_that_is_all_background_is_refused() -> None:
    with pytest.raises(MatteError, match="all of it looks like background"):
        cut_out(np.full((80, 80, 3), 255, np.uint8))


def test_a_picture_without_a_plain_border_is_refused() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8)
    with pytest.raises(MatteError, match="not of one colour"):
        cut_out(noise)


def test_a_picture_that_would_be_left_whole_is_refused() -> None:
    picture = np.full((400, 400, 3), 90, np.uint8)
    picture[0], picture[-1], picture[:, 0], picture[:, -1] = 255, 255, 255, 255
    with pytest.raises(MatteError, match="all of it would be left"):
        cut_out(picture)
