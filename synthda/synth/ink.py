"""Where ink lies on a frame: a character and its neighbours as one field of distances, bent and worn by the row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.synth import geometry, noise
from synthda.synth.lettering import Face, Glyph, glyph

NONE = -1
BESIDE = ("left", "right", "above", "below")

COLUMNS = {
    "label": "i8",
    **dict.fromkeys(BESIDE, "i4"),
    "font": "i4",
    **geometry.POSE,
    "spacing": "f4",
    "line_gap": "f4",
    "line_shift": "f4",
    "weight": "f4",
    "wobble": "f4",
    "wear": "f4",
    "stencil": "f4",
    "stencil_angle": "f4",
}
"""`left`, `right`, `above` and `below` are neighbouring characters or −1. Gaps to the side, gap and shift of the line
above or below, widths of strokes, wobble and the cut of a stencil are fractions of the character's height; the cut's
angle is in degrees, 90 when it lies level."""

TALLEST_GLYPH = 96
"""Pixels; distance fields stay sharp when enlarged, and their cache stays small."""

WOBBLE_X, WOBBLE_Y, WEAR = range(3)


class Ink(NamedTuple):
    """Attributes:
    field: (n, H, W) distance from the outline, pixels of the frame, positive in the ink.
    pixels: (n, 1, 1) pixels of the frame that a character's height takes.
    """

    field: NDArray[np.float32]
    pixels: NDArray[np.float32]


def lay(scenes: Scenes, size: int, faces: Sequence[Face], characters: str) -> Ink:
    """The ink of each row; `faces` and `characters` are what its codes mean."""
    height = min(max(24, round(1.25 * size)), TALLEST_GLYPH)
    x, y = geometry.look(scenes, size)
    _bend(x, y, scenes, size)
    x *= height
    y *= height
    field = np.empty(x.shape, np.float32)
    names = ("label", "font", *BESIDE, "spacing", "line_gap", "line_shift")
    for row, (label, font, *around) in enumerate(zip(*(scenes[name].tolist() for name in names), strict=True)):
        own = glyph(faces[font], characters[label], height)
        across, down = own.centre
        field[row] = geometry.sampled(own.field, x[row] + across, y[row] + down)
        if max(around[:4]) == NONE:
            continue
        others = [glyph(faces[font], characters[code], height) if code != NONE else None for code in around[:4]]
        for other, dx, dy in _placed(own, others, *(part * height for part in around[4:])):
            across, down = other.centre
            beside = geometry.sampled(other.field, x[row] + (across - dx), y[row] + (down - dy))
            np.maximum(field[row], beside, out=field[row])
    _cut_stencils(field, x, y, scenes["stencil"] * np.float32(height), scenes["stencil_angle"])
    pixels = geometry.pixels_per_height(scenes, size)
    field *= pixels / np.float32(height)
    field += scenes["weight"][:, None, None] * pixels
    worn = np.flatnonzero(scenes["wear"])
    if len(worn):
        ragged = noise.patches(scenes["noise_seed"][worn], size, max(4, size // 3), WEAR)
        field[worn] += scenes["wear"][worn, None, None] * np.float32(0.04) * pixels[worn] * ragged
    return Ink(field, pixels)


def _placed(
    own: Glyph, others: Sequence[Glyph | None], gap: float, line_gap: float, shift: float
) -> Iterator[tuple[Glyph, float, float]]:
    """Neighbours and how far to the right and below of the own character's middle theirs is, pixels of the glyphs."""
    for other, (side, line) in zip(others, ((-1, 0), (1, 0), (0, -1), (0, 1)), strict=True):
        if other is None:
            continue
        if side:  # they stand on one line
            yield other, side * ((own.width + other.width) / 2 + gap), (own.height - other.height) / 2
        else:
            yield other, shift, line * ((own.height + other.height) / 2 + line_gap)


def _bend(x: NDArray[np.float32], y: NDArray[np.float32], scenes: Scenes, size: int) -> None:
    """Strokes as of a hand that is not quite steady."""
    rows = np.flatnonzero(scenes["wobble"])
    if len(rows):
        bend, seeds = scenes["wobble"][rows, None, None], scenes["noise_seed"][rows]
        x[rows] += bend * noise.patches(seeds, size, 4, WOBBLE_X)
        y[rows] += bend * noise.patches(seeds, size, 4, WOBBLE_Y)


def _cut_stencils(
    field: NDArray[np.float32],
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    width: NDArray[np.float32],
    angle: NDArray[np.float32],
) -> None:
    """Take a straight bridge out of the ink, through the character's middle."""
    rows = np.flatnonzero(width)
    if len(rows):
        turn = np.deg2rad(angle[rows].astype(np.float64))
        cos, sin = (part.astype(np.float32)[:, None, None] for part in (np.cos(turn), np.sin(turn)))
        off = np.abs(x[rows] * cos + y[rows] * sin) - width[rows, None, None] / 2
        field[rows] = np.minimum(field[rows], off)
