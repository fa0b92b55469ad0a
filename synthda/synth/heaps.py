"""Heaps of one product in a bin: layers that shade one another, rims, tags, and other products in the bins beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthda.synth.assortment import Product
from synthda.synth.canvas import Canvas, Piece
from synthda.synth.draws import between, gains, shares
from synthda.synth.price_tags import tags

RIMS = ("black plastic", "green plastic", "blue plastic", "wood", "cardboard", "white board", "steel")
RIM_COLOURS = np.array(
    [(26, 26, 28), (30, 70, 40), (40, 70, 130), (150, 105, 62), (176, 134, 92), (214, 212, 206), (140, 142, 145)],
    np.float32,
)
FLOORS = np.array([(176, 168, 156), (120, 112, 104), (60, 58, 58), (190, 176, 150)], np.float32)

SALT = 720
"""Salts 720…749 are the heaps'."""
REACH = 0.85
"""Half the side of the plane, in frames, that is filled: turned and tilted, the frame shows no more of it."""
FAR = 1.6
"""What is drawn right to the end of the plane ends here."""
MOST_A_SIDE = 40
"""Rows and columns of products on either side of the centre."""
VARIETY = 0.45
"""Stops by which fruits of a kind are lighter or darker than their picture, at most."""
LAYERS = ((0.5, 0.0), (0.78, 0.5), (1.0, 0.25))
"""Light that each layer gets, from the lowest, and by which part of the pitch it is set off."""
DEEP = 0.22
"""Share of a product's mean colour that is seen between the lowest ones."""
LONG = 1.7
"""Length over width from which on products lie side by side and not anyhow."""
LAYERED = 5.0
"""From this many products across the frame on, the lowest layer is left out: hardly anything of it is seen."""


@dataclass(frozen=True)
class Bin:
    """A heap's region of its plane, whose unit is the frame and whose origin its centre, and how it is filled.

    `across` is the number of products side by side along the frame, `lie` the direction in degrees in which long ones
    lie, `mess` how far they turn from it, 0 not at all … 1 anyhow, and `seed` that of all placements.
    """

    left: float
    top: float
    right: float
    bottom: float
    across: float
    lie: float
    mess: float
    seed: int


class Crate(NamedTuple):
    """What is around a bin: codes of the products to its left, to its right and behind it, its rims' kind and width."""

    others: NDArray[np.int64]
    rim: int
    width: float


def heap(canvas: Canvas, plane: NDArray[np.float64], bin_: Bin, product: Product, code: int) -> None:
    """Fill a bin with a product.

    Args:
        canvas: to draw on.
        plane: (3, 3) from the plane to pixels.
        bin_: the region, and how it is filled.
        product: of which the bin is full.
        code: its place in the list of products.
    """
    along, aslant, _ = product.axes
    unit = 1 / bin_.across / np.sqrt(along * aslant)
    long_ = along / aslant > LONG
    shape = np.array([along * 0.88, aslant * 0.86]) if long_ else np.sqrt(along * aslant) * np.array([0.88, 0.8])
    picture = product.rounded
    for layer, (light, offset) in enumerate(LAYERS):
        if layer == 0 and bin_.across > LAYERED:
            continue
        pitch = unit * shape * (1.2 if layer == len(LAYERS) - 1 else 1.0)
        places = _grid(bin_, pitch, offset, shares(bin_.seed, 2048, SALT + layer))
        for matrix, gain in _laid(plane, places, product, bin_, unit=unit, salt=SALT + 4 + layer, frame=canvas.size):
            canvas.paste(Piece(picture, matrix, gain * np.float32(light), 0.22, 0.5 * (layer > 0), code))


def bins(
    canvas: Canvas, plane: NDArray[np.float64], bin_: Bin, code: int, stock: tuple[Product, ...], crate: Crate
) -> None:
    """The bin of product `code`, the bins beside and behind it with others, rims between them, and the front."""
    u = shares(bin_.seed, 16, SALT + 20)
    canvas.pixels[:] = stock[code].colour * np.float32(DEEP)
    left, right, top, bottom, width = bin_.left, bin_.right, bin_.top, bin_.bottom, crate.width
    beside = ((-FAR, top, left - width, bottom), (right + width, top, FAR, bottom), (-FAR, -FAR, FAR, top - width))
    for place, (x0, y0, x1, y1) in enumerate(beside):
        if x1 < -REACH or x0 > REACH or y1 < -REACH:
            continue
        other = int(crate.others[place])
        canvas.polygon(quad(plane, x0, y0, x1, y1), stock[other].colour * np.float32(DEEP))
        across, seed = bin_.across * between(0.75, 1.4, u[place]), (bin_.seed + 77 * (place + 1)) & 0xFFFFFFFF
        heap(canvas, plane, Bin(x0, y0, x1, y1, across, 180 * u[3 + place], 0.25, seed), stock[other], other)
    heap(canvas, plane, bin_, stock[code], code)
    colour = RIM_COLOURS[crate.rim] * np.float32(between(0.7, 1.15, u[6]))
    for x0, y0, x1, y1, light in (
        (-FAR, top - width, FAR, top, 0.8),
        (left - width, top, left, FAR, 0.9),
        (right, top, right + width, FAR, 1.0),
    ):
        canvas.polygon(quad(plane, x0, y0, x1, y1), colour * np.float32(light))
    if bottom < REACH:
        canvas.polygon(quad(plane, -FAR, bottom, FAR, bottom + width), colour)
        _front(canvas, plane, bottom + width, u[7:])


def quad(plane: NDArray[np.float64], x0: float, y0: float, x1: float, y1: float) -> NDArray[np.float64]:
    """(4, 2) pixel coordinates of a rectangle of the plane; what lies behind the camera is brought before it."""
    corners = np.array([(x0, y0, 1), (x1, y0, 1), (x1, y1, 1), (x0, y1, 1)], np.float64)
    seen = (plane[None] * corners[:, None, :]).sum(axis=2)
    return np.asarray(seen[:, :2] / np.maximum(seen[:, 2:], 0.05))


def _grid(bin_: Bin, pitch: NDArray[np.float64], offset: float, u: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) places in the bin, farthest first: a staggered grid, turned as the products lie, and jittered."""
    counts = np.minimum(np.ceil(1.3 * REACH / pitch).astype(int), MOST_A_SIDE)
    grid = np.meshgrid(np.arange(-counts[0], counts[0] + 1.0), np.arange(-counts[1], counts[1] + 1.0))
    i, j = grid[0].ravel(), grid[1].ravel()
    # Seven is prime to the number of shares, so that each is met before one is met again.
    jitter = u[(np.arange(2 * len(i)) * 7) % len(u)].reshape(2, -1) - 0.5
    x = (i + 0.5 * (j % 2) + offset + 0.9 * jitter[0]) * pitch[0]
    y = (j + offset + 0.9 * jitter[1]) * pitch[1]
    cos, sin = np.cos(np.deg2rad(bin_.lie)), np.sin(np.deg2rad(bin_.lie))
    places = np.stack([cos * x - sin * y, sin * x + cos * y], axis=1)
    # Fruits lie within the rims, but for a little.
    slack = 0.25 * pitch.min()
    inside = (places[:, 0] > bin_.left + slack) & (places[:, 0] < bin_.right - slack)
    inside &= (places[:, 1] > bin_.top + slack) & (places[:, 1] < bin_.bottom - slack)
    inside &= np.abs(places).max(axis=1) < REACH
    if not inside.any():  # a bin narrower than what lies in it
        middle = np.array([bin_.left + bin_.right, bin_.top + bin_.bottom]) / 2
        inside[np.square(places - middle).sum(axis=1).argmin()] = True
    order = np.argsort(places[inside][:, 1] + 0.35 * pitch[1] * jitter[0][inside], kind="stable")
    return np.asarray(places[inside][order])


def _laid(
    plane: NDArray[np.float64],
    places: NDArray[np.float64],
    product: Product,
    bin_: Bin,
    *,
    unit: float,
    salt: int,
    frame: int,
) -> list[tuple[NDArray[np.float64], NDArray[np.float32]]]:
    """Matrix and gains of a product at each place that the frame shows: turned at random, of like size.

    Args:
        plane: (3, 3) from the plane to pixels.
        places: (n, 2) on the plane.
        product: of which there is one at each place.
        bin_: which way long ones lie.
        unit: the product's longer side, in frames.
        salt: of the draws.
        frame: side of the frame, pixels.
    """
    n = len(places)
    u = shares(bin_.seed, 5 * n, salt).reshape(5, n)
    seen = places @ plane[:, :2].T + plane[:, 2]
    depth = np.maximum(seen[:, 2], 0.2)
    x, y = seen[:, 0] / depth, seen[:, 1] / depth
    # The plane is foreshortened, what lies on it is not.
    widest = np.sqrt(np.hypot(plane[0, 0], plane[1, 0]) * np.hypot(plane[0, 1], plane[1, 1]))
    size = unit * widest / depth * (0.88 + 0.24 * u[0])
    along, aslant, own = product.axes
    turn = 360 * u[1]
    if along / aslant > LONG:
        turn = bin_.lie - own + 180 * (u[1] < 0.5) + bin_.mess * 180 * (u[2] - 0.5)
    cos, sin = size * np.cos(np.deg2rad(turn)), size * np.sin(np.deg2rad(turn))
    flip, squeezed = np.where(u[3] < 0.5, -1.0, 1.0), 1 - 0.25 * u[4] ** 2
    matrices = np.zeros((n, 3, 3))
    matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 0, 2] = cos * flip, -sin * squeezed, x
    matrices[:, 1, 0], matrices[:, 1, 1], matrices[:, 1, 2] = sin * flip, cos * squeezed, y
    matrices[:, 2, 2] = 1
    half = 0.75 * size
    shown = (seen[:, 2] > 0.2) & (x > -half) & (x < frame + half) & (y > -half) & (y < frame + half)
    return list(zip(matrices[shown], gains(bin_.seed, n, salt + 8, VARIETY)[shown], strict=True))


def _front(canvas: Canvas, plane: NDArray[np.float64], top: float, u: NDArray[np.float64]) -> None:
    """Below the rim towards the customer: the rail with price tags, and the floor."""
    tall = between(0.03, 0.2, u[0])
    floor = FLOORS[int(u[1] * len(FLOORS))] * np.float32(between(0.6, 1.1, u[2]))
    canvas.polygon(quad(plane, -FAR, top + tall, FAR, FAR), floor)
    canvas.polygon(quad(plane, -FAR, top, FAR, top + tall), np.full(3, 225 * between(0.15, 1.0, u[3]), np.float32))
    for place in range(1 + int(2.5 * u[4])):
        tag = tags()[int(len(tags()) * ((u[6] + 0.37 * place) % 1))]
        side = tall * 0.9 * max(tag.extent) / tag.extent[1]
        local = np.array([[side, 0, -0.45 + (place + u[5]) * 0.42], [0, side, top + tall / 2], [0, 0, 1]])
        canvas.paste(Piece(tag, plane @ local, np.ones(3, np.float32)))
