"""Digits as hands paint them with a brush or a marker: strokes along curves, each hand with habits of its own."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

HANDS = 64
"""Different hands; each is a face with one form of each digit."""

SEED = 1938
STEPS = 24
"""Stamps of the brush between two points of a curve."""

SHIFT = 4
"""Binary digits behind the point of OpenCV's coordinates."""

Curve = tuple[tuple[float, float], ...]

FORMS: tuple[tuple[tuple[Curve, ...], ...], ...] = (
    (
        (
            (
                (0.5, 0.02),
                (0.2, 0.15),
                (0.1, 0.5),
                (0.2, 0.85),
                (0.5, 0.98),
                (0.8, 0.85),
                (0.9, 0.5),
                (0.8, 0.15),
                (0.5, 0.02),
            ),
        ),
        (((0.7, 0.1), (0.35, 0.04), (0.1, 0.4), (0.2, 0.9), (0.6, 0.97), (0.9, 0.6), (0.8, 0.15), (0.45, 0.06)),),
    ),
    (
        (((0.5, 0.0), (0.5, 1.0)),),
        (((0.55, 0.0), (0.52, 0.5), (0.45, 1.0)),),
        (((0.15, 0.28), (0.6, 0.02)), ((0.6, 0.02), (0.55, 1.0))),
        (((0.2, 0.22), (0.5, 0.02)), ((0.5, 0.02), (0.5, 0.97)), ((0.15, 0.98), (0.88, 0.98))),
    ),
    (
        (
            ((0.1, 0.25), (0.3, 0.04), (0.68, 0.05), (0.85, 0.27), (0.7, 0.52), (0.35, 0.8), (0.08, 0.97)),
            ((0.08, 0.97), (0.92, 0.96)),
        ),
        (
            (
                (0.12, 0.2),
                (0.38, 0.02),
                (0.78, 0.1),
                (0.8, 0.36),
                (0.45, 0.75),
                (0.18, 0.96),
                (0.06, 0.82),
                (0.28, 0.75),
                (0.6, 0.94),
                (0.95, 0.92),
            ),
        ),
        (((0.15, 0.12), (0.5, 0.0), (0.85, 0.15), (0.65, 0.5), (0.1, 0.95)), ((0.1, 0.95), (0.5, 0.9), (0.92, 0.98))),
    ),
    (
        (
            ((0.1, 0.15), (0.45, 0.0), (0.82, 0.2), (0.62, 0.43), (0.32, 0.47)),
            ((0.32, 0.47), (0.72, 0.5), (0.9, 0.74), (0.62, 0.98), (0.28, 0.98), (0.05, 0.83)),
        ),
        (
            ((0.1, 0.03), (0.88, 0.04)),
            ((0.88, 0.04), (0.42, 0.42)),
            ((0.42, 0.42), (0.82, 0.48), (0.9, 0.78), (0.55, 1.0), (0.06, 0.88)),
        ),
    ),
    (
        (((0.66, 0.0), (0.05, 0.68)), ((0.05, 0.68), (0.96, 0.67)), ((0.66, 0.0), (0.66, 1.0))),
        (((0.2, 0.0), (0.1, 0.56)), ((0.1, 0.56), (0.95, 0.54)), ((0.72, 0.1), (0.66, 1.0))),
        (((0.35, 0.02), (0.1, 0.38), (0.1, 0.6), (0.5, 0.6), (0.96, 0.48)), ((0.78, 0.12), (0.58, 1.0))),
    ),
    (
        (
            ((0.88, 0.03), (0.25, 0.03)),
            ((0.25, 0.03), (0.16, 0.46)),
            ((0.16, 0.46), (0.55, 0.36), (0.9, 0.6), (0.78, 0.9), (0.4, 1.0), (0.06, 0.88)),
        ),
        (
            ((0.92, 0.02), (0.6, 0.08), (0.3, 0.04)),
            ((0.3, 0.04), (0.22, 0.42)),
            ((0.22, 0.42), (0.7, 0.44), (0.86, 0.74), (0.5, 0.98), (0.08, 0.95)),
        ),
    ),
    (
        (
            (
                (0.8, 0.02),
                (0.35, 0.25),
                (0.1, 0.65),
                (0.3, 0.96),
                (0.68, 0.97),
                (0.9, 0.75),
                (0.7, 0.52),
                (0.38, 0.53),
                (0.14, 0.72),
            ),
        ),
        (((0.6, 0.0), (0.2, 0.4), (0.1, 0.75), (0.4, 1.0), (0.82, 0.85), (0.75, 0.55), (0.4, 0.55), (0.2, 0.85)),),
    ),
    (
        (((0.06, 0.05), (0.92, 0.05)), ((0.92, 0.05), (0.6, 0.45), (0.4, 1.0))),
        (((0.06, 0.05), (0.92, 0.04)), ((0.92, 0.04), (0.35, 1.0)), ((0.28, 0.52), (0.85, 0.48))),
        (((0.08, 0.25), (0.1, 0.04)), ((0.1, 0.04), (0.45, 0.1), (0.9, 0.03)), ((0.9, 0.03), (0.55, 0.5), (0.45, 1.0))),
    ),
    (
        (
            (
                (0.8, 0.18),
                (0.5, 0.02),
                (0.2, 0.2),
                (0.4, 0.42),
                (0.76, 0.62),
                (0.86, 0.84),
                (0.5, 0.99),
                (0.14, 0.84),
                (0.26, 0.62),
                (0.62, 0.42),
                (0.8, 0.18),
            ),
        ),
        (
            ((0.5, 0.02), (0.2, 0.13), (0.22, 0.36), (0.5, 0.46), (0.78, 0.36), (0.8, 0.13), (0.5, 0.02)),
            ((0.5, 0.46), (0.14, 0.58), (0.12, 0.86), (0.5, 0.99), (0.88, 0.86), (0.86, 0.58), (0.5, 0.46)),
        ),
    ),
    (
        (
            ((0.85, 0.3), (0.6, 0.5), (0.25, 0.48), (0.1, 0.25), (0.35, 0.02), (0.7, 0.05), (0.85, 0.3)),
            ((0.85, 0.3), (0.82, 0.65), (0.6, 1.0)),
        ),
        (
            (
                (0.84, 0.25),
                (0.6, 0.52),
                (0.2, 0.46),
                (0.12, 0.18),
                (0.5, 0.0),
                (0.82, 0.15),
                (0.88, 0.5),
                (0.7, 0.9),
                (0.4, 1.0),
                (0.1, 0.92),
            ),
        ),
        (((0.8, 0.08), (0.4, 0.02), (0.1, 0.25), (0.3, 0.5), (0.7, 0.42), (0.82, 0.1)), ((0.82, 0.1), (0.78, 1.0))),
    ),
)
"""Of each digit the forms in use: curves through points, x from 0 to 1 across, y from 0 on top to 1. Curves that meet
in a point make a corner there."""


@dataclass(frozen=True)
class Hand:
    """One hand; its number decides its habits."""

    number: int

    @property
    def name(self) -> str:
        return f"hand {self.number:02}"

    def mask(self, character: str, tall: int) -> NDArray[np.bool_]:
        """(tall, W): a digit painted by this hand, cut to its ink."""
        habits, own = (np.random.default_rng([SEED, self.number, digit]) for digit in (99, int(character)))
        wide, lean = habits.uniform(0.4, 0.85), habits.uniform(-0.08, 0.3)
        thick, flat, turn = (
            habits.uniform(0.09, 0.24) * min(1.0, wide / 0.6),
            habits.uniform(0.35, 1),
            habits.uniform(0, 180),
        )
        forms = FORMS[int(character)]
        # Points that curves share move together: a corner stays closed.
        moved: dict[tuple[float, float], NDArray[np.float64]] = {}
        stamps = []
        for curve in forms[int(own.integers(len(forms)))]:
            points = [moved.setdefault(point, np.array(point) + own.normal(0, 0.035, 2)) for point in curve]
            stamps.append(_along(np.array(points)))
        at = np.concatenate(stamps)
        x = at[:, 0] * wide - lean * at[:, 1]
        pressure = thick * (1 + 0.25 * np.sin(own.uniform(0, 6.28) + 5 * at[:, 1]))
        return _painted(x, at[:, 1], pressure, float(flat), float(turn), tall)


def _along(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places of a curve through the points (Catmull and Rom's); a straight line through two."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, STEPS)[:, None]
    pieces = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        pieces.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.concatenate(pieces)


def _painted(
    x: NDArray[np.float64], y: NDArray[np.float64], thick: NDArray[np.float64], flat: float, turn: float, tall: int
) -> NDArray[np.bool_]:
    """The strokes of an elliptic brush, scaled until they are `tall` pixels high."""
    margin = thick.max()
    scale = tall / (np.ptp(y) + margin)
    left, top = x.min() - margin, y.min() - margin
    canvas = np.zeros(
        (round((np.ptp(y) + 2 * margin) * scale) + 2, round((np.ptp(x) + 2 * margin) * scale) + 2), np.uint8
    )
    fixed, half = scale * 2**SHIFT, thick / 2
    centres = _whole(fixed * np.stack([x - left, y - top], axis=1))
    axes = _whole(np.maximum(fixed * np.stack([half, flat * half], axis=1), 2**SHIFT))
    for centre, reach in zip(centres, axes, strict=True):
        cv2.ellipse(canvas, centre, reach, turn, 0, 360, 1, -1, cv2.LINE_8, SHIFT)
    rows, columns = (np.flatnonzero(canvas.any(axis=axis)) for axis in (1, 0))
    return canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] > 0


def _whole(places: NDArray[np.float64]) -> list[list[int]]:
    rounded: list[list[int]] = np.rint(places).astype(int).tolist()
    return rounded
