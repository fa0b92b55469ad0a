"""Heaps of one product in a bin: layers that shade one another, rims, tags, and other products in the bins beside."""

from __future__ import annotations

from dataclasses import dataclass

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
    lie, `mess` how far they turn from it: 0 not at all, 1 anyhow.
    """

    left: float
    top: float
    right: float
    bottom: float
    across: float
    lie: float
    mess: float


def heap(canvas: Canvas, plane: NDArray[np.float64], bin_: Bin, product: Product, code: int, seed: int) -> None:
    """Fill a bin with a product.

    Args:
        canvas: to draw on.
        plane: (3, 3) from the plane to pixels.
        bin_: the region, and how it is filled.
        product: of which the bin is full.
        code: its place in the list of products.
        seed: of all placements.
    """
    along, aslant, _ = product.axes
    unit = 1 / bin_.across / np.sqrt(along * aslant)
    long_ = along / aslant > LONG
    shape = np.array([along * 0.88, aslant * 0.86]) if long_ else np.sqrt(along * aslant) * np.array([0.88, 0.8])
    picture = product.rounded
    for layer, (light, offset) in enumerate(LAYERS):
        if layer == 0 and bin_.across > LAYERED:
            continue
        last = layer == len(LAYERS) - 1
        pitch = unit * shape * (1.2 if last else 1.0)
        places = _grid(bin_, pitch, bin_.lie, offset, shares(seed, 2048, SALT + layer))
        pieces = _pieces(plane, places, unit, product, seed, SALT + 4 + layer, bin_, canvas.size)
        for matrix, gain in pieces:
            canvas.paste(Piece(picture, matrix, gain * np.float32(light), 0.22, 0.5 * (layer > 0), code))


def _grid(
    bin_: Bin, pitch: NDArray[np.float64], lie: float, offset: float, u: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n, 2) places in the bin, farthest first: a staggered grid, turned and jittered."""
    counts = np.minimum(np.ceil(1.3 * REACH / pitch).astype(int), 40)
    i, j = np.meshgrid(np.arange(-counts[0], counts[0] + 1), np.arange(-counts[1], counts[1] + 1))
    i, j = i.ravel().astype(np.float64), j.ravel().astype(np.float64)
    jitter = u[(np.arange(2 * len(i)) * 7) % len(u)].reshape(2, -1) - 0.5
    x = (i + 0.5 * (j % 2) + offset + 0.9 * jitter[0]) * pitch[0]
    y = (j + offset + 0.9 * jitter[1]) * pitch[1]
    cos, sin = np.cos(np.deg2rad(lie)), np.sin(np.deg2rad(lie))
    places = np.stack([cos * x - sin * y, sin * x + cos * y], axis=1)
    # Fruits lie within the rims, but for a little.
    slack = 0.25 * pitch.min()
    inside = (places[:, 0] > bin_.left + slack) & (places[:, 0] < bin_.right - slack)
    inside &= (places[:, 1] > bin_.top + slack) & (places[:, 1] < bin_.bottom - slack)
    inside &= np.abs(places).max(axis=1) < REACH
    places = places[inside]
    return places[np.argsort(places[:, 1] + 0.35 * pitch[1] * jitter[0][inside], kind="stable")]


def _pieces(
    plane: NDArray[np.float64],
    places: NDArray[np.float64],
    unit: float,
    product: Product,
    seed: int,
    salt: int,
    bin_: Bin,
    frame: int,
) -> list[tuple[NDArray[np.float64], NDArray[np.float32]]]:
    """Matrix and gains of a product at each place: turned at random, standing up from the plane."""
    n = len(places)
    if not n:
        return []
    u = shares(seed, 5 * n, salt).reshape(5, n)
    depth = plane[2, 0] * places[:, 0] + plane[2, 1] * places[:, 1] + plane[2, 2]
    x = (plane[0, 0] * places[:, 0] + plane[0, 1] * places[:, 1] + plane[0, 2]) / depth
    y = (plane[1, 0] * places[:, 0] + plane[1, 1] * places[:, 1] + plane[1, 2]) / depth
    # The plane is foreshortened, what lies on it is not.
    widest = np.sqrt(np.hypot(plane[0, 0], plane[1, 0]) * np.hypot(plane[0, 1], plane[1, 1]))
    size = unit * widest / depth * (0.88 + 0.24 * u[0])
    along, aslant, own = product.axes
    turn = 360 * u[1]
    if along / aslant > LONG:
        turn = bin_.lie - own + 180 * (u[1] < 0.5) + bin_.mess * 180 * (u[2] - 0.5)
    angle = np.deg2rad(turn)
    flip = np.where(u[3] < 0.5, -1.0, 1.0)
    squeezed = 1 - 0.25 * u[4] ** 2
    cos, sin = np.cos(angle), np.sin(angle)
    matrices = np.zeros((n, 3, 3))
    matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 0, 2] = size * cos * flip, -size * sin * squeezed, x
    matrices[:, 1, 0], matrices[:, 1, 1], matrices[:, 1, 2] = size * sin * flip, size * cos * squeezed, y
    matrices[:, 2, 2] = 1
    tint = gains(seed, n, salt + 8, 0.45)
    half = 0.75 * size
    seen = (depth > 0.2) & (x > -half) & (x < frame + half) & (y > -half) & (y < frame + half)
    return list(zip(matrices[seen], tint[seen], strict=True))


def bins(
    canvas: Canvas,
    plane: NDArray[np.float64],
    bin_: Bin,
    stock: tuple[Product, ...],
    code: int,
    others: NDArray[np.int64],
    rim: int,
    width: float,
    seed: int,
) -> None:
    """The bin of product `code`, the bins beside and behind it with others, rims between them, and the front.

    Args:
        canvas: to draw on.
        plane: (3, 3) from the plane to pixels.
        bin_: the bin in the middle.
        stock: all products.
        code: of the product in the middle.
        others: (3,) codes of those to the left, to the right and behind.
        rim: code in RIMS.
        width: of the rims, in frames.
        seed: of all placements.
    """
    u = shares(seed, 16, SALT + 20)
    canvas.pixels[:] = stock[code].colour * np.float32(DEEP)
    far = 1.6
    left, right, top, bottom = bin_.left, bin_.right, bin_.top, bin_.bottom
    beside = ((-far, top, left - width, bottom), (right + width, top, far, bottom), (-far, -far, far, top - width))
    for place, (x0, y0, x1, y1) in enumerate(beside):
        if x1 < -REACH or x0 > REACH or y1 < -REACH:
            continue
        product = stock[int(others[place])]
        canvas.polygon(quad(plane, x0, y0, x1, y1), product.colour * np.float32(DEEP))
        other = Bin(x0, y0, x1, y1, bin_.across * between(0.75, 1.4, u[place]), 180 * u[3 + place], 0.25)
        heap(canvas, plane, other, product, int(others[place]), (seed + 77 * (place + 1)) & 0xFFFFFFFF)
    heap(canvas, plane, bin_, stock[code], code, seed)
    colour = RIM_COLOURS[rim] * np.float32(between(0.7, 1.15, u[6]))
    for x0, y0, x1, y1, light in (
        (-far, top - width, far, top, 0.8),
        (left - width, top, left, far, 0.9),
        (right, top, right + width, far, 1.0),
    ):
        canvas.polygon(quad(plane, x0, y0, x1, y1), colour * np.float32(light))
    _front(canvas, plane, bottom, width, colour, u[7:])


def _front(
    canvas: Canvas,
    plane: NDArray[np.float64],
    bottom: float,
    width: float,
    colour: NDArray[np.float32],
    u: NDArray[np.float64],
) -> None:
    """The rim towards the customer, the rail below it with price tags, and the floor."""
    if bottom > REACH:
        return
    rail = bottom + width + between(0.03, 0.2, u[0])
    floor = FLOORS[int(u[1] * len(FLOORS))] * np.float32(between(0.6, 1.1, u[2]))
    canvas.polygon(quad(plane, -1.6, rail, 1.6, 1.6), floor)
    shade = np.float32(between(0.15, 1.0, u[3]))
    canvas.polygon(quad(plane, -1.6, bottom + width, 1.6, rail), np.float32(225) * shade * np.ones(3, np.float32))
    canvas.polygon(quad(plane, -1.6, bottom, 1.6, bottom + width), colour)
    tall = rail - bottom
    for place in range(1 + int(2.5 * u[4])):
        x = -0.45 + (place + u[5]) * 0.42
        tag = tags()[int(len(tags()) * ((u[6] + 0.37 * place) % 1))]
        side = tall * 0.8 * max(tag.extent) / tag.extent[1]
        local = np.array([[side, 0, x], [0, side, bottom + tall / 2], [0, 0, 1]])
        canvas.paste(Piece(tag, plane @ local, np.ones(3, np.float32)))


def quad(plane: NDArray[np.float64], x0: float, y0: float, x1: float, y1: float) -> NDArray[np.float64]:
    """(4, 2) pixel coordinates of a rectangle of the plane; what lies behind the camera is brought before it."""
    corners = np.array([(x0, y0, 1), (x1, y0, 1), (x1, y1, 1), (x0, y1, 1)], np.float64)
    seen = (plane[None] * corners[:, None, :]).sum(axis=2)
    return np.asarray(seen[:, :2] / np.maximum(seen[:, 2:], 0.05))
