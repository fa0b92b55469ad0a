"""Shelves: rows of upright packs, several of a kind side by side and behind one another, boards with price tags."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synthda.synth.assortment import Product
from synthda.synth.canvas import Canvas, Piece
from synthda.synth.draws import between, gains, shares
from synthda.synth.price_tags import tags

SALT = 760
"""Salts 760…789 are the shelves'."""
BOARDS = np.array([(225, 225, 222), (196, 200, 204), (60, 62, 66), (28, 28, 30), (178, 150, 200)], np.float32)
BACK = np.array([(46, 46, 48), (120, 122, 126), (24, 22, 22), (90, 80, 70)], np.float32)
REACH = 1.0
"""Half the side of the plane, in frames, that is filled."""


def shelves(
    canvas: Canvas,
    plane: NDArray[np.float64],
    stock: tuple[Product, ...],
    rows: NDArray[np.int64],
    level: float,
    packs: float,
    seed: int,
    facings: int = 3,
) -> None:
    """Fill the frame with shelves.

    Args:
        canvas: to draw on.
        plane: (3, 3) from the shelves' front, whose unit is the frame and whose origin its centre, to pixels.
        stock: all products.
        rows: (3, k) codes of the products on the shelf above, the middle one and the one below, in their order from
            the middle outwards: the first of the middle row stands in the frame's centre.
        level: distance from one board to the next, frames.
        packs: height of the packs as a share of it.
        seed: of all placements.
        facings: least number of packs of the first kind in the middle, side by side.
    """
    u = shares(seed, 12, SALT)
    back = BACK[int(u[0] * len(BACK))] * np.float32(between(0.3, 0.9, u[1]))
    board = BOARDS[int(u[2] * len(BOARDS))] * np.float32(between(0.6, 1.0, u[3]))
    canvas.pixels[:] = back
    edge = level * between(0.08, 0.2, u[4])
    count = int(np.ceil(REACH / level))
    middle = level * between(0.42, 0.58, u[5])
    for row in range(-count, count + 1):
        floor = middle + row * level
        if floor < -REACH or floor - level > REACH:
            continue
        codes = rows[min(max(row + 1, 0), 2)]
        if abs(row) > 1:
            codes = np.roll(codes, 2 * row)
        own = (seed + 1013 * (row + 50)) & 0xFFFFFFFF
        for matrix, gain, code in _row(plane, stock, codes, floor, level * packs, own, facings if row == 0 else 1):
            canvas.paste(Piece(stock[code], matrix, gain, 0.05, 0.35, code))
        _board(canvas, plane, floor, edge, board, own)


def _row(
    plane: NDArray[np.float64],
    stock: tuple[Product, ...],
    codes: NDArray[np.int64],
    floor: float,
    height: float,
    seed: int,
    facings: int,
) -> list[tuple[NDArray[np.float64], NDArray[np.float32], int]]:
    """Matrix, gains and code of each pack on a board, those behind first."""
    u = shares(seed, 96, SALT + 4)
    runs = [facings + int(2 * u[0])] + [1 + int(2.4 * share) for share in u[1 : len(codes)]]
    line: list[tuple[float, float, int]] = []  # centre, width, code
    left = right = 0.0
    for place, (code, run) in enumerate(zip(codes.tolist(), runs, strict=True)):
        tall = height * (0.85 + 0.15 * ((code * 0.37) % 1))
        extent = stock[code].extent
        width = tall * extent[0] / extent[1]
        for _ in range(run):
            gap = width * (1.02 + 0.1 * u[20 + len(line) % 60])
            if place == 0:
                line.append((right + gap / 2, width, code))
                right += gap
            elif place % 2:
                line.append((right + gap / 2, width, code))
                right += gap
            else:
                line.append((left - gap / 2, width, code))
                left -= gap
        if place == 0:
            middle = right / 2 + (u[90] - 0.5) * 0.3 * right
            line = [(x - middle, w, c) for x, w, c in line]
            left, right = left - middle, right - middle
    line = [item for item in line if abs(item[0]) < REACH + item[1]]
    tint = gains(seed, len(line), SALT + 8, 0.12)
    pieces = []
    for depth, (lift, light, shrink) in enumerate(((0.1, 0.5, 0.93), (0.0, 1.0, 1.0))):
        for place, (x, width, code) in enumerate(line):
            extent = stock[code].extent
            side = width / extent[0] * shrink
            y = floor - lift * height - side * extent[1] / 2
            lean = 0.03 * (u[(place * 5 + depth) % 96] - 0.5)
            local = np.array([[side, -lean * side, x], [lean * side, side, y], [0, 0, 1]])
            pieces.append((plane @ local, tint[place] * np.float32(light), code))
    return pieces


def _board(
    canvas: Canvas, plane: NDArray[np.float64], floor: float, edge: float, board: NDArray[np.float32], seed: int
) -> None:
    """The edge of a board with its strip of tags, and the shadow below it."""
    u = shares(seed, 20, SALT + 12)
    canvas.polygon(_band(plane, floor + edge, floor + 1.6 * edge), board * np.float32(0.2))
    canvas.polygon(_band(plane, floor, floor + edge), board)
    x = -REACH + 0.2 * u[0]
    place = 0
    while x < REACH:
        tag = tags()[int(len(tags()) * u[1 + place % 18])]
        side = edge * 0.85 * max(tag.extent) / tag.extent[1]
        local = np.array([[side, 0, x], [0, side, floor + edge / 2], [0, 0, 1]])
        canvas.paste(Piece(tag, plane @ local, np.ones(3, np.float32)))
        x += side * (1.1 + 2 * u[1 + (place + 7) % 18])
        place += 1


def _band(plane: NDArray[np.float64], top: float, bottom: float) -> NDArray[np.float64]:
    """(4, 2) pixel coordinates of a band right across the shelves."""
    corners = np.array([(-1.5, top, 1), (1.5, top, 1), (1.5, bottom, 1), (-1.5, bottom, 1)])
    seen = (plane[None] * corners[:, None, :]).sum(axis=2)
    return np.asarray(seen[:, :2] / np.maximum(seen[:, 2:], 0.05))
