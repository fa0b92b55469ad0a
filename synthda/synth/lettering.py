"""Lines of characters as signed distance fields: sharp at any scale, with outlines and stroke widths for the asking."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.synth.fonts import Font, drawn, face_of_height


@dataclass(frozen=True, eq=False)
class Glyph:
    """A digit as a signed distance field.

    Attributes:
        field: (H, W) float32, pixels from the outline, positive in the ink; `pad` pixels lie around the ink.
        width: of the ink, pixels.
        height: of the ink, pixels.
        pad: margin on each side, pixels.
    """

    field: NDArray[np.float32]
    width: float
    height: float
    pad: int


@dataclass(frozen=True, eq=False)
class Line:
    """Characters set side by side.

    Attributes:
        field: (H, W) float32, pixels from the nearest outline, positive in the ink.
        centres: x and y of the middle of each character's ink, in coordinates whose whole numbers are pixel centres.
    """

    field: NDArray[np.float32]
    centres: tuple[tuple[float, float], ...]


def set_line(font: Font, text: str, *, height: int, gap: int) -> Line:
    """Set `text` with `gap` pixels between the ink of one character and the next, standing on one line."""
    glyphs = [glyph(font, character, height) for character in text]
    pad = glyphs[0].pad
    rows = max(each.field.shape[0] for each in glyphs)
    advances = [each.field.shape[1] - 2 * pad + gap for each in glyphs]
    field = np.full((rows, sum(advances) - gap + 2 * pad), -pad, np.float32)
    centres, start = [], 0
    for each, advance in zip(glyphs, advances, strict=True):
        tall, wide = each.field.shape
        place = field[rows - tall :, start : start + wide]
        np.maximum(place, each.field, out=place)  # the margins of neighbours overlap
        centres.append((start + pad + each.width / 2 - 0.5, rows - tall + pad + each.height / 2 - 0.5))
        start += advance
    return Line(field, tuple(centres))


@lru_cache(maxsize=4096)
def glyph(font: Font, character: str, height: int) -> Glyph:
    """The signed distance field of a character, in a face scaled until its tallest digit is `height` pixels.

    Drawn three times as large and reduced by averaging, so that outlines lie between pixels. At most
    70 MB are kept at a height of 40.
    """
    oversample = 3
    pad = int(np.ceil(0.35 * height))
    mask = drawn(face_of_height(font, height * oversample), character)
    tall, wide = mask.shape
    rows, across = -(-tall // oversample) + 2 * pad, -(-wide // oversample) + 2 * pad
    ink = np.zeros((rows * oversample, across * oversample), np.uint8)
    margin = pad * oversample
    ink[margin : margin + tall, margin : margin + wide] = mask >= 128
    inside = cv2.distanceTransform(ink, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform(1 - ink, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    field = cv2.resize(inside - outside, (across, rows), interpolation=cv2.INTER_AREA) / np.float32(oversample)
    return Glyph(field.astype(np.float32), wide / oversample, tall / oversample, pad)
