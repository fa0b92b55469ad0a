"""Where ink lies on a frame: a character and its neighbours as one field of distances, bent and worn by the row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import cv2
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
    "streaks": "f4",
    "stencil": "f4",
    "stencil_angle": "f4",
}
"""`left`, `right`, `above` and `below` are neighbouring characters or −1. Gaps to the side, gap and shift of the line
above or below, widths of strokes, wobble, streaks of a dry brush and the cut of a stencil are fractions of the
character's height; the cut's angle is in degrees, 90 when it lies level."""

TALLEST_GLYPH = 96
"""Pixels; distance fields stay sharp when enlarged, and their cache stays small."""

THINNEST = 0.4
"""A stroke loses at most this share of its width: hairlines stay."""

WOBBLE_X, WOBBLE_Y, WEAR = range(3)
STREAKS = 6


class Ink(NamedTuple):
    """Attributes:
    field: (n, H, W) distance from the outline, pixels of the frame, positive in the ink.
    pixels: (n, 1, 1) pixels of the frame that a character's height takes.
    """

    field: NDArray[np.float32]
    pixels: NDArray[np.float32]


def sample(
    rng: np.random.Generator,
    scenes: Scenes,
    *,
    weight: float,
    wobble: float,
    wear: float,
    streaks: float,
    stencil: float,
) -> None:
    """Fill the columns of the strokes; each argument is the worst case, of the height but for `wear`, which is 0…1."""
    n = len(scenes)
    scenes["weight"] = weight * rng.uniform(-0.4, 1, n)
    scenes["wobble"] = wobble * rng.random(n) ** 2 * (rng.random(n) < 0.5)
    scenes["wear"] = wear * rng.random(n) * (rng.random(n) < 0.3)
    scenes["streaks"] = streaks * rng.uniform(0.2, 1, n) * (rng.random(n) < 1 / 8)
    scenes["stencil"] = stencil * rng.uniform(0.5, 1, n) * (rng.random(n) < 1 / 16)
    # Never upright: that would take all of a 1.
    scenes["stencil_angle"] = rng.uniform(25, 155, n)


def lay(scenes: Scenes, size: int, faces: Sequence[Face], characters: str) -> Ink:
    """The ink of each row; `faces` and `characters` are what its codes mean."""
    height = min(max(24, round(1.25 * size)), TALLEST_GLYPH)

    def drawn(font: int, code: int) -> Glyph:
        return glyph(faces[font], characters[code], height)

    x, y = geometry.look(scenes, size, unit=height)
    _bend(x, y, scenes, height)
    glyphs = [drawn(*codes) for codes in zip(scenes["font"].tolist(), scenes["label"].tolist(), strict=True)]
    field = _read(x, y, glyphs)
    _add_neighbours(field, (x, y), scenes, glyphs, drawn)
    _cut_stencils(field, x, y, scenes["stencil"] * np.float32(height), scenes["stencil_angle"])
    pixels = geometry.pixels_per_height(scenes, size)
    field *= pixels / np.float32(height)
    half = np.array([each.half_stroke / height for each in glyphs], np.float32)
    weight = np.maximum(scenes["weight"], -THINNEST * half)
    field += weight[:, None, None] * pixels
    _wear(field, scenes, pixels, half + weight)
    return Ink(field, pixels)


def _read(x: NDArray[np.float32], y: NDArray[np.float32], glyphs: Sequence[Glyph]) -> NDArray[np.float32]:
    """(n, H, W) distances in pixels of each row's glyph, at places x and y from its middle."""
    centres = np.array([each.centre for each in glyphs], np.float32).reshape(-1, 2)
    at_x, at_y = x + centres[:, 0, None, None], y + centres[:, 1, None, None]
    field = np.empty(x.shape, np.float32)
    for row, own in enumerate(glyphs):
        cv2.remap(own.field, at_x[row], at_y[row], cv2.INTER_LINEAR, dst=field[row], borderMode=cv2.BORDER_REPLICATE)
    return field


def _add_neighbours(
    field: NDArray[np.float32],
    at: geometry.Maps,
    scenes: Scenes,
    glyphs: Sequence[Glyph],
    drawn: Callable[[int, int], Glyph],
) -> None:
    """Join the neighbours' ink to the field; `drawn` gives the glyph of a face's and a character's codes."""
    x, y = at
    gaps = np.stack([scenes[name] for name in ("spacing", "line_gap", "line_shift")], axis=1)
    around = np.stack([scenes[name] for name in BESIDE], axis=1)
    for row in np.flatnonzero((around != NONE).any(axis=1)).tolist():
        font = int(scenes["font"][row])
        others = [drawn(font, code) if code != NONE else None for code in around[row].tolist()]
        for other, dx, dy in _placed(glyphs[row], others, *gaps[row].tolist()):
            across, down = other.centre
            beside = geometry.sampled(other.field, x[row] + np.float32(across - dx), y[row] + np.float32(down - dy))
            np.maximum(field[row], beside, out=field[row])


def _placed(
    own: Glyph, others: Sequence[Glyph | None], gap: float, line_gap: float, shift: float
) -> Iterator[tuple[Glyph, float, float]]:
    """Neighbours and how far to the right and below of the own character's middle theirs is, pixels of the glyphs.

    Gaps and shift are fractions of the height of the face's tallest character.
    """
    unit = own.scale
    for other, (side, line) in zip(others, ((-1, 0), (1, 0), (0, -1), (0, 1)), strict=True):
        if other is None:
            continue
        if side:  # they stand on one line
            yield other, side * ((own.width + other.width) / 2 + gap * unit), (own.height - other.height) / 2
        else:
            yield other, shift * unit, line * ((own.height + other.height) / 2 + line_gap * unit)


def _bend(x: NDArray[np.float32], y: NDArray[np.float32], scenes: Scenes, height: int) -> None:
    """Strokes as of a hand that is not quite steady."""
    size = x.shape[-1]
    rows = np.flatnonzero(scenes["wobble"])
    if len(rows):
        bend, seeds = scenes["wobble"][rows, None, None] * np.float32(height), scenes["noise_seed"][rows]
        x[rows] += bend * noise.patches(seeds, size, 4, WOBBLE_X)
        y[rows] += bend * noise.patches(seeds, size, 4, WOBBLE_Y)


def _wear(field: NDArray[np.float32], scenes: Scenes, pixels: NDArray[np.float32], half: NDArray[np.float32]) -> None:
    """Ragged rims, about as deep as half a stroke at most, and streaks as of a dry brush, which may go through it."""
    size = field.shape[-1]
    cells = max(4, size // 3)
    worn = np.flatnonzero(scenes["wear"])
    if len(worn):
        ragged = noise.patches(scenes["noise_seed"][worn], size, cells, WEAR)
        depth = np.minimum(np.float32(0.04) * scenes["wear"][worn], half[worn] / 2)
        field[worn] += depth[:, None, None] * pixels[worn] * ragged
    streaked = np.flatnonzero(scenes["streaks"])
    if len(streaked):
        grain = noise.patches(scenes["noise_seed"][streaked], size, cells, STREAKS)
        depth = 2 * np.minimum(scenes["streaks"], half)
        for row, own in zip(streaked.tolist(), grain, strict=True):
            drawn_out = cv2.blur(own, (max(3, size // 3), 1), borderType=cv2.BORDER_REFLECT)
            field[row] += drawn_out * (depth[row] * pixels[row])


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
