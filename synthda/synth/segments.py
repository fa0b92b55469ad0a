"""Digits of seven-segment displays from their own geometry: thick or thin, pointed or square, upright or slanted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

LIT = ("abcdef", "bc", "abdeg", "abcdg", "bcfg", "acdfg", "acdefg", "abc", "abcdefg", "abcdfg")
"""The segments of 0…9: a on top, then clockwise b…f, and g in the middle."""

PLAIN = {6: "cdefg", 9: "abcfg"}
"""6 and 9 of displays that draw them without a tail."""

WIDTH = 0.58
"""Of a digit upright, over its height."""

ENDS = {"a": "tl tr", "b": "tr mr", "c": "mr br", "d": "bl br", "e": "ml bl", "f": "tl ml", "g": "ml mr"}
LEVEL = "adg"
SHIFT = 4
"""Binary digits behind the point of OpenCV's coordinates."""


@dataclass(frozen=True)
class SegmentDisplay:
    """One kind of display. Thickness of a segment, gap between two, and lean (over the height) are in heights."""

    thickness: float
    gap: float
    lean: float
    pointed: bool
    tails: bool

    @property
    def name(self) -> str:
        parts = [f"seven-segment {self.thickness:g}", f"gap {self.gap:g}", f"lean {self.lean:g}"]
        return " ".join([*parts, "pointed" if self.pointed else "square", *(["tails"] if self.tails else [])])

    def mask(self, character: str, tall: int) -> NDArray[np.bool_]:
        """(tall, W): the segments of a digit that shine; the frame is the whole digit's, even for a 1."""
        digit = int(character)
        lit = LIT[digit] if self.tails else PLAIN.get(digit, LIT[digit])
        wide = round((WIDTH + self.lean) * tall)
        canvas = np.zeros((tall, wide), np.uint8)
        for segment in lit:
            corners = np.rint(self._outline(segment) * tall * 2**SHIFT - 2 ** (SHIFT - 1)).astype(np.int32)
            cv2.fillPoly(canvas, [corners], 1, cv2.LINE_8, SHIFT)
        return canvas > 0

    def _outline(self, segment: str) -> NDArray[np.float64]:
        """(6, 2) corners, x and y, in heights."""
        half = self.thickness / 2
        x, y = {"l": half, "r": WIDTH - half}, {"t": half, "m": 0.5, "b": 1 - half}
        first, last = (np.array([x[place[1]], y[place[0]]]) for place in ENDS[segment].split())
        along = (last - first) / np.linalg.norm(last - first)
        aside = np.array([-along[1], along[0]]) * half
        first, last = first + along * self.gap / 2, last - along * self.gap / 2
        # Square level segments end at upright ones, which reach nearly to each other.
        slope = along * half * (1 if self.pointed or segment in LEVEL else 0.25)
        tips = [first, last] if self.pointed else [first + slope, last - slope]
        corners = np.array(
            [tips[0], first + slope + aside, last - slope + aside, tips[1], last - slope - aside, first + slope - aside]
        )
        corners[:, 0] += self.lean * (1 - corners[:, 1])
        return corners


@cache
def segment_displays() -> tuple[SegmentDisplay, ...]:
    """Every combination that is sold."""
    shapes = product((0.08, 0.11, 0.14), (0.02, 0.04), (0.0, 0.1, 0.18), (True, False), (True, False))
    return tuple(SegmentDisplay(*shape) for shape in shapes)
