"""One scene of a store, drawn from its row: a heap, a shelf, a product held in a hand, or one that stands alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.synth import canvas as canvases
from synthda.synth import grips, heaps, noise, shelves
from synthda.synth.assortment import Product
from synthda.synth.canvas import Canvas, Piece
from synthda.synth.draws import between, gains, shares
from synthda.synth.perspective import POSE, homographies
from synthda.synth.photographs import crop

KINDS = ("heap", "shelf", "held", "lone")
HEAP, SHELF, HELD, LONE = range(4)
BEHIND = ("plain", "photograph", "shelves", "heap")
PLAIN, PHOTOGRAPH, SHELVES, BIN = range(4)
NOTHING = -1

COLUMNS = {
    "kind": "i4",
    "blend": "i4",
    "seam": "f4",
    "across": "f4",
    "lie": "f4",
    "mess": "f4",
    **{f"bin_{side}": "f4" for side in ("left", "top", "right", "bottom")},
    "rim": "i4",
    "rim_width": "f4",
    "level": "f4",
    "packs": "f4",
    "facings": "i4",
    "hand": "u1",
    "skin": "f4",
    "behind": "i4",
    "depth": "f4",
    "photo": "i4",
    "photo_x": "f4",
    "photo_y": "f4",
    "photo_zoom": "f4",
    "light_angle": "f4",
    "layout_seed": "u4",
}
"""What is shown and how it is blended, the seam's width in 1/128 of the frame; of a heap: products side by side along
the frame, direction in degrees and share by which long ones stray from it, edges of the bin in frames from its centre,
rims' kind, or −1, and width; of shelves: distance of the boards in frames, height of the packs as a share of it, packs
of the product side by side; whether a hand holds the product and how dark its skin is, 0…1; what is behind a single
product, or −1, and how much that is out of focus, 1/128 of the frame; its photograph's code, or −1; the direction of
the light; and the seed of every placement."""

SALT = 830
"""Salts 830…839 are the scenes' own."""
OTHERWISE = 0x5BD1E995
"""Tells the seed of what is behind from that of what is before it."""
ROW = 6
"""Kinds of product on a board."""


@dataclass(frozen=True, eq=False)
class Stock:
    """The products, the classes that stand as packs, and what each product may stand beside."""

    products: tuple[Product, ...]
    pack_classes: frozenset[str]

    @cached_property
    def packs(self) -> NDArray[np.bool_]:
        """(n,) whether each is an upright pack."""
        return np.array([product.class_name in self.pack_classes for product in self.products])

    @cached_property
    def lengths(self) -> NDArray[np.float64]:
        """(n,) length of each, as a share of a round one's of the same area; at most 1.7."""
        axes = np.array([product.axes[:2] for product in self.products])
        return np.asarray(np.clip(1 / np.sqrt(axes.prod(axis=1)), 1, 1.7))

    @cached_property
    def beside(self) -> tuple[NDArray[np.int64], ...]:
        """Of each, the codes of other classes' products of its own shape; of any shape where there is none."""
        names = np.array([product.class_name for product in self.products])
        found = []
        for code, name in enumerate(names):
            other = np.flatnonzero(names != name)
            alike = other[self.packs[other] == self.packs[code]]
            found.append(alike if len(alike) else other if len(other) else np.array([code]))
        return tuple(found)


def draw(scene: np.void, stock: Stock, photographs: Sequence[NDArray[np.uint8]], size: int) -> Canvas:
    """The frame before light falls on it and a camera takes it; its owners are the products of the scene."""
    angle = np.deg2rad(float(scene["light_angle"]))
    canvas = Canvas(
        np.zeros((size, size, 3), np.float32),
        (float(-np.cos(angle)), float(-np.sin(angle))),
        int(scene["blend"]),
        float(scene["seam"]) * size / 128,
    )
    rows = np.array([scene], scene.dtype)
    (_heap, _shelf, _single, _single)[int(scene["kind"])](canvas, scene, rows, stock, photographs)
    return canvas


def _heap(canvas: Canvas, scene: np.void, rows: Scenes, stock: Stock, _: Sequence[NDArray[np.uint8]]) -> None:
    code, seed = int(scene["template"]), int(scene["layout_seed"])
    pool = stock.beside[code]
    others = pool[(shares(seed, 3, SALT) * len(pool)).astype(np.int64)]
    left, top, right, bottom = (float(scene[f"bin_{side}"]) for side in ("left", "top", "right", "bottom"))
    across, lie, mess = (float(scene[name]) for name in ("across", "lie", "mess"))
    bin_ = heaps.Bin(left, top, right, bottom, across, lie, mess, seed)
    crate = heaps.Crate(others, int(scene["rim"]), float(scene["rim_width"]))
    heaps.bins(canvas, homographies(rows, canvas.size)[0], bin_, code, stock.products, crate)


def _shelf(canvas: Canvas, scene: np.void, rows: Scenes, stock: Stock, _: Sequence[NDArray[np.uint8]]) -> None:
    code, seed = int(scene["template"]), int(scene["layout_seed"])
    codes = _codes(seed, stock.beside[code], SALT)
    codes[1, 0] = code
    above, below = shares(seed, 2, SALT + 1) < 0.3  # a product may have more than one board
    codes[0, 0], codes[2, 0] = code if above else codes[0, 0], code if below else codes[2, 0]
    rack = shelves.Rack(codes, float(scene["level"]), float(scene["packs"]), int(scene["facings"]), seed)
    shelves.shelves(canvas, homographies(rows, canvas.size)[0], stock.products, rack)


def _single(
    canvas: Canvas, scene: np.void, rows: Scenes, stock: Stock, photographs: Sequence[NDArray[np.uint8]]
) -> None:
    code, seed = int(scene["template"]), int(scene["layout_seed"])
    product, held = stock.products[code], bool(scene["hand"])
    _paint_behind(canvas, scene, stock, photographs)
    front = None
    if held:
        half_width, half_height = (float(scene["scale"]) * side / 2 for side in product.extent)
        half_width *= float(scene["aspect"]) * np.cos(np.deg2rad(float(scene["yaw"])))
        thing = grips.Held(
            0.5 + float(scene["shift_x"]),
            0.5 + float(scene["shift_y"]),
            half_width,
            half_height,
            float(scene["roll"]),
            bool(stock.packs[code]),
        )
        back, front = grips.hand(thing, float(scene["skin"]), seed, canvas.size)
        canvas.cover(back.colour, back.alpha)
    matrix = homographies(rows, canvas.size)[0]
    relief = 0.1 if stock.packs[code] else 0.2
    tint = gains(seed, 1, SALT + 2, 0.2)[0]
    canvas.paste(Piece(product, matrix, tint, relief, 0.25 if held else 0.5, code))
    if front is not None:
        # Fingers darken what they lie on, a little beside themselves.
        shade = cv2.GaussianBlur(front.alpha, (0, 0), max(0.8, canvas.size / 60))
        canvas.pixels *= canvases.thrice(1 - np.float32(0.4) * shade)
        canvas.cover(front.colour, front.alpha)


def _paint_behind(canvas: Canvas, scene: np.void, stock: Stock, photographs: Sequence[NDArray[np.uint8]]) -> None:
    """What is behind a single product, out of focus; none of it is counted as a product of the scene."""
    kind, seed = int(scene["behind"]), (int(scene["layout_seed"]) ^ OTHERWISE) & 0xFFFFFFFF
    blend, canvas.blend = canvas.blend, canvases.SOFT
    if kind == PHOTOGRAPH and scene["photo"] >= 0:
        canvas.pixels[:] = crop(photographs[scene["photo"]], scene, canvas.size)
    elif kind in (PLAIN, PHOTOGRAPH, NOTHING):
        _paint_plain(canvas, seed)
    else:
        pool = np.append(stock.beside[int(scene["template"])], int(scene["template"]))
        (_paint_shelves if kind == SHELVES else _paint_bins)(canvas, stock, pool, seed)
    canvas.blend = blend
    canvas.forget()
    sigma = float(scene["depth"]) * canvas.size / 128
    if sigma > 0.3:
        canvas.pixels[:] = cv2.GaussianBlur(canvas.pixels, (0, 0), sigma)


def _paint_shelves(canvas: Canvas, stock: Stock, pool: NDArray[np.int64], seed: int) -> None:
    u = shares(seed, 16, SALT + 4)
    level, packs = between(0.22, 0.5, u[4] ** 1.5), between(0.6, 0.9, u[5])
    rack = shelves.Rack(_codes(seed, pool, SALT + 5), level, packs, 2, seed)
    shelves.shelves(canvas, _plane(u, canvas.size, steep=False), stock.products, rack)


def _paint_bins(canvas: Canvas, stock: Stock, pool: NDArray[np.int64], seed: int) -> None:
    u = shares(seed, 16, SALT + 4)
    others = pool[(u[6:9] * len(pool)).astype(np.int64)]
    left, top, right = -between(0.1, 0.6, u[9]), -between(0.1, 0.6, u[10]), between(0.1, 0.6, u[11])
    bin_ = heaps.Bin(left, top, right, between(0, 0.7, u[12]), between(4, 8, u[13]), 180 * u[14], 0.3, seed)
    crate = heaps.Crate(others, int(u[15] * len(heaps.RIMS)), 0.04)
    heaps.bins(canvas, _plane(u, canvas.size, steep=True), bin_, int(others[0]), stock.products, crate)


def _paint_plain(canvas: Canvas, seed: int) -> None:
    """A floor, a wall or a table: one colour that runs to another, some texture, at times joints."""
    u = shares(seed, 16, SALT + 4)
    first = heaps.FLOORS[int(u[0] * len(heaps.FLOORS))] * np.float32(between(0.5, 1.2, u[1]))
    second = first * np.float32(between(0.5, 1.2, u[2]))
    at = np.linspace(0, 1, canvas.size, dtype=np.float32)
    across = at[:, None] if u[3] < 0.5 else at[None, :]
    canvas.pixels[:] = first + np.broadcast_to(across, (canvas.size,) * 2)[..., None] * (second - first)
    rough = noise.fractal_patches(np.array([seed], np.uint32), canvas.size, np.ones(1, np.float32), SALT + 6)[0]
    canvas.pixels += np.float32(between(1, 6, u[4])) * rough[..., None]
    if u[5] < 0.5:
        plane = _plane(u[6:], canvas.size, steep=True)
        step = between(0.25, 0.6, u[6])
        for place in np.arange(-1.2, 1.2, step):
            for line in ((place, -1.5, place + 0.015, 1.5), (-1.5, place, 1.5, place + 0.015)):
                canvas.polygon(heaps.quad(plane, *line), first * np.float32(0.7))


def _plane(u: NDArray[np.float64], size: int, steep: bool) -> NDArray[np.float64]:
    """A plane behind a product, seen aslant: from its own coordinates, frames, to pixels."""
    pose = np.zeros(1, list(POSE.items()))
    pose["scale"], pose["aspect"], pose["distance"] = 1.25, 1, 1.6
    pose["roll"] = 70 * (u[0] - 0.5) * u[1]
    pose["yaw"] = 0 if steep else 80 * (u[2] - 0.5)
    pose["pitch"] = -(20 + 35 * u[3]) if steep else 30 * (u[3] - 0.5)
    return np.asarray(homographies(pose, size)[0])


def _codes(seed: int, pool: NDArray[np.int64], salt: int) -> NDArray[np.int64]:
    """(3, ROW) codes of products for the boards above, in the middle and below; none twice while there are others."""
    order = np.argsort(shares(seed, len(pool), salt), kind="stable")
    return np.resize(pool[order], (3, ROW))
