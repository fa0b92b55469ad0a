"""Shelves: rows of upright packs, several of a kind side by side and behind one another, boards with price tags."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthda.synth.assortment import Product
from synthda.synth.canvas import Canvas, Piece
from synthda.synth.draws import between, gains, shares
from synthda.synth.heaps import FAR, quad
from synthda.synth.price_tags import tags

SALT = 760
"""Salts 760…789 are the shelves'."""
BOARDS = np.array([(225, 225, 222), (196, 200, 204), (60, 62, 66), (28, 28, 30), (178, 150, 200)], np.float32)
BACK = np.array([(62, 62, 64), (140, 142, 146), (34, 32, 32), (112, 102, 92), (170, 172, 174)], np.float32)
REACH = 1.0
"""Half the side of the plane, in frames, that is filled."""
VARIETY = 0.12
"""Stops by which packs of a kind are lighter or darker than their picture, at most."""


class Rack(NamedTuple):
    """What stands on the shelves.

    Attributes:
        rows: (3, k) codes of the products on the boards above, the middle one and those below, in their order from
            the middle outwards: the first of the middle row stands in the frame's centre.
        level: distance from one board to the next, frames.
        packs: height of the packs as a share of it.
        facings: least number of packs of the first kind in the middle, side by side.
        seed: of all placements.
    """

    rows: NDArray[np.int64]
    level: float
    packs: float
    facings: int
    seed: int


def shelves(canvas: Canvas, plane: NDArray[np.float64], stock: tuple[Product, ...], rack: Rack) -> None:
    """Fill the frame with shelves; `plane` (3, 3) leads from their front, whose unit is the frame, to pixels."""
    u = shares(rack.seed, 12, SALT)
    canvas.pixels[:] = BACK[int(u[0] * len(BACK))] * np.float32(between(0.45, 1.0, u[1]))
    board = BOARDS[int(u[2] * len(BOARDS))] * np.float32(between(0.6, 1.0, u[3]))
    edge, middle = rack.level * between(0.08, 0.2, u[4]), rack.level * between(0.42, 0.58, u[5])
    count = int(np.ceil(REACH / rack.level))
    for row in range(-count, count + 1):
        floor = middle + row * rack.level
        if floor < -REACH or floor - rack.level > REACH:
            continue
        codes = np.roll(rack.rows[min(max(row + 1, 0), 2)], 2 * row if abs(row) > 1 else 0)
        own = rack._replace(seed=(rack.seed + 1013 * (row + 50)) & 0xFFFFFFFF, facings=rack.facings if row == 0 else 1)
        for matrix, gain, code in _standing(plane, stock, _line(stock, codes, own), floor, own):
            canvas.paste(Piece(stock[code], matrix, gain, 0.05, 0.35, code))
        _board(canvas, plane, floor, (edge, board), own.seed)


def _line(stock: tuple[Product, ...], codes: NDArray[np.int64], rack: Rack) -> list[tuple[float, float, int]]:
    """Centre, width and code of each pack on a board: the first kind in the middle, the others left and right of it."""
    u = shares(rack.seed, 96, SALT + 4)
    ends = {1: 0.0, -1: 0.0}
    line: list[tuple[float, float, int]] = []
    for place, code in enumerate(codes.tolist()):
        extent = stock[code].extent
        width = rack.level * rack.packs * (0.85 + 0.15 * ((code * 0.37) % 1)) * extent[0] / extent[1]
        side = 1 if place % 2 or not place else -1
        for _ in range(rack.facings + int(2 * u[0]) if not place else 1 + int(2.4 * u[place % 20])):
            gap = width * (1.02 + 0.1 * u[20 + len(line) % 60])
            line.append((ends[side] + side * gap / 2, width, code))
            ends[side] += side * gap
        if not place:
            middle = ends[1] * (0.5 + 0.3 * (u[90] - 0.5))
            line = [(x - middle, own, same) for x, own, same in line]
            ends = {1: ends[1] - middle, -1: -middle}
    return [pack for pack in line if abs(pack[0]) < REACH + pack[1]]


def _standing(
    plane: NDArray[np.float64],
    stock: tuple[Product, ...],
    line: list[tuple[float, float, int]],
    floor: float,
    rack: Rack,
) -> list[tuple[NDArray[np.float64], NDArray[np.float32], int]]:
    """Matrix, gains and code of each pack in a line, and before it of those that stand behind, darker and smaller."""
    u = shares(rack.seed, 96, SALT + 6)
    tint = gains(rack.seed, len(line), SALT + 8, VARIETY)
    pieces = []
    for depth, (lift, light, shrink) in enumerate(((0.1, 0.5, 0.93), (0.0, 1.0, 1.0))):
        for place, (x, width, code) in enumerate(line):
            extent = stock[code].extent
            side = width / extent[0] * shrink
            y = floor - lift * rack.level * rack.packs - side * extent[1] / 2
            lean = 0.03 * (u[(place * 5 + depth) % 96] - 0.5)
            local = np.array([[side, -lean * side, x], [lean * side, side, y], [0, 0, 1]])
            pieces.append((plane @ local, tint[place] * np.float32(light), code))
    return pieces


def _board(
    canvas: Canvas, plane: NDArray[np.float64], floor: float, edge: tuple[float, NDArray[np.float32]], seed: int
) -> None:
    """The edge of a board, of a height and a colour, with its tags, and the shadow below it."""
    u = shares(seed, 20, SALT + 12)
    height, colour = edge
    canvas.polygon(quad(plane, -FAR, floor + height, FAR, floor + 1.6 * height), colour * np.float32(0.2))
    canvas.polygon(quad(plane, -FAR, floor, FAR, floor + height), colour)
    x, place = -REACH + 0.2 * u[0], 0
    while x < REACH:
        tag = tags()[int(len(tags()) * u[1 + place % 18])]
        side = height * 0.85 * max(tag.extent) / tag.extent[1]
        local = np.array([[side, 0, x], [0, side, floor + height / 2], [0, 0, 1]])
        canvas.paste(Piece(tag, plane @ local, np.ones(3, np.float32)))
        x += side * (1.1 + 2 * u[1 + (place + 7) % 18])
        place += 1
