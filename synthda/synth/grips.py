"""A hand that holds something: forearm and fingers behind it, the thumb and fingertips over its edge."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.synth.draws import between, shares

SALT = 800
"""Salts 800…809 are the hands'."""
SKINS = np.array([(238, 196, 170), (226, 172, 142), (203, 148, 116), (160, 110, 80), (110, 72, 50), (74, 48, 36)])
"""From light to dark; levels in white light."""
SLEEVES = np.array([(28, 30, 36), (52, 60, 82), (110, 110, 112), (150, 40, 44), (214, 208, 198), (40, 62, 48)])
THICKEST = 0.4
"""Of a finger, as a share of half the width of what it holds: no hand hides a small product."""
LIGHT = np.array([-0.35, -0.75])
"""Direction from which hands are lit, pixels' axes."""

Limb = tuple[float, float, float, float, float, float]
"""From x, y with a radius, to x, y with a radius; fractions of the frame."""


class Held(NamedTuple):
    """What is held: its centre, half of its width and height along its own axes, fractions of the frame, its roll in
    degrees, and whether it is a pack, gripped around its side, or lies in the palm."""

    x: float
    y: float
    half_width: float
    half_height: float
    roll: float
    pack: bool


class Layer(NamedTuple):
    """(size, size, 3) levels and (size, size) cover of a part of the hand."""

    colour: NDArray[np.float32]
    alpha: NDArray[np.float32]


def hand(held: Held, skin: float, seed: int, size: int) -> tuple[Layer, Layer]:
    """What of a hand lies behind the thing that it holds, and what before it.

    Args:
        held: the thing.
        skin: 0 the lightest … 1 the darkest.
        seed: of the hand's shape.
        size: side of the frame, pixels.
    """
    behind, before, arm = (_around_pack if held.pack else _under_fruit)(held, shares(seed, 24, SALT))
    u = shares(seed, 4, SALT + 1)
    at = skin * (len(SKINS) - 1)
    low = min(int(at), len(SKINS) - 2)
    tone = SKINS[low] + (at - low) * (SKINS[low + 1] - SKINS[low])
    back = _layer(behind, tone, size)
    if u[0] < 0.4:
        sleeve = _layer([arm], SLEEVES[int(u[1] * len(SLEEVES))].astype(np.float64), size)
        back = Layer(
            back.colour + sleeve.alpha[..., None] * (sleeve.colour - back.colour), np.maximum(back.alpha, sleeve.alpha)
        )
    return back, _layer(before, tone, size)


def _around_pack(held: Held, u: NDArray[np.float64]) -> tuple[list[Limb], list[Limb], Limb]:
    """From one side: the palm at the pack's edge, the thumb across its front, fingertips around the other edge."""
    side = -1.0 if u[0] < 0.8 else 1.0  # most people hold with the left and take the picture with the right
    cos, sin = np.cos(np.deg2rad(held.roll)), np.sin(np.deg2rad(held.roll))

    def at(x: float, y: float) -> tuple[float, float]:
        """Frame coordinates of a point on the pack's own axes, in halves of its width and from its centre."""
        x *= held.half_width
        return held.x + cos * x - sin * y, held.y + sin * x + cos * y

    thick = min(between(0.028, 0.04, u[1]), THICKEST * min(held.half_width, held.half_height))
    grip = held.half_height * between(-0.15, 0.6, u[2])
    palm = at(side * 1.02, grip + 1.5 * thick)
    edge = 0.5 + side * 0.75
    elbow = edge, palm[1] + between(0.1, 0.5, u[3])
    behind: list[Limb] = [
        (*palm, 2.6 * thick, *elbow, between(2.4, 3.4, u[4]) * thick),
        (*at(side * 1.15, grip), 2.0 * thick, *at(side * 0.7, grip - 2 * thick), 1.6 * thick),
    ]
    reach = between(0.25, 0.95, u[5])
    thumb_end = at(side * (1 - reach), grip - between(0.5, 3.5, u[6]) * thick)
    knuckle = at(side * 1.0, grip + 0.4 * thick)
    before: list[Limb] = [
        (*palm, 2.0 * thick, *knuckle, 1.35 * thick),
        (*knuckle, 1.35 * thick, *thumb_end, 0.95 * thick),
    ]
    if u[7] < 0.7:
        for finger in range(2 + int(2 * u[8])):
            y = grip + (2.1 * finger - 2.4) * thick
            over = between(0.02, 0.3, u[9 + finger])
            tip = at(-side * (1 - over), y - 0.4 * thick)
            before.append((*at(-side * 1.06, y), 1.05 * thick, *tip, 0.85 * thick))
    mid = palm[0] + 0.55 * (elbow[0] - palm[0]), palm[1] + 0.55 * (elbow[1] - palm[1])
    return behind, before, (*mid, 3.4 * thick, *elbow, 4.2 * thick)


def _under_fruit(held: Held, u: NDArray[np.float64]) -> tuple[list[Limb], list[Limb], Limb]:
    """From below or one side: the fruit lies in the palm, fingers behind and beside it, the thumb around its edge."""
    side = -1.0 if u[0] < 0.7 else 1.0
    radius = (held.half_width + held.half_height) / 2
    thick = min(between(0.038, 0.055, u[1]), THICKEST * radius)
    turn = side * between(0.1, 1.1, u[2])  # radians from straight below
    down = np.array([np.sin(turn), np.cos(turn)])
    aside = np.array([down[1], -down[0]])
    centre = np.array([held.x, held.y])
    palm = centre + between(0.55, 0.85, u[17]) * radius * down
    elbow = centre + 1.2 * down
    wrist = palm + (0.5 * radius + 3 * thick) * down
    behind: list[Limb] = [
        (*palm, 0.7 * radius + 1.2 * thick, *wrist, 2.7 * thick),
        (*wrist, 2.7 * thick, *elbow, between(2.6, 3.4, u[3]) * thick),
    ]
    # Seen from the palm, four fingers fan out behind the fruit; their ends show beside it.
    for finger in range(4):
        fan = (finger - 1.5) * between(0.35, 0.6, u[4]) + between(-0.1, 0.1, u[5 + finger]) - 0.3 * side
        way = -down * np.cos(fan) + aside * np.sin(fan)
        root = palm + aside * (finger - 1.5) * min(1.7 * thick, 0.6 * radius)
        tip = root + way * (1.2 * radius + between(0.0, 2.6, u[9 + finger]) * thick)
        behind.append((*root, 1.3 * thick, *tip, 0.95 * thick))
    # The thumb leaves the palm's outer edge and bends over the fruit's.
    root = palm - aside * side * (0.6 * radius + 0.6 * thick) + 0.5 * thick * down
    bend = centre - aside * side * (0.95 * radius) + down * radius * between(0.0, 0.45, u[13])
    tip = centre - aside * side * radius * between(0.5, 0.9, u[14]) - down * radius * between(-0.1, 0.5, u[15])
    before: list[Limb] = [(*root, 1.5 * thick, *bend, 1.25 * thick), (*bend, 1.25 * thick, *tip, 0.95 * thick)]
    cuff = centre + 0.8 * down
    return behind, before, (*cuff, 3.2 * thick, *elbow, 4 * thick)


def _layer(limbs: list[Limb], tone: NDArray[np.float64], size: int) -> Layer:
    """Limbs as one rounded body of one colour, lit from above."""
    at = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    height = np.zeros((size, size), np.float32)
    cover = np.zeros((size, size), np.float32)
    for x0, y0, r0, x1, y1, r1 in limbs:
        # Only as much of the frame as the limb can touch.
        widest = max(r0, r1) + 1.5 / size
        left, right = _span(min(x0, x1) - widest, max(x0, x1) + widest, size)
        top, bottom = _span(min(y0, y1) - widest, max(y0, y1) + widest, size)
        if left >= right or top >= bottom:
            continue
        dx, dy = at[None, left:right] - np.float32(x0), at[top:bottom, None] - np.float32(y0)
        along = np.array([x1 - x0, y1 - y0], np.float32)
        squared = max(float(along @ along), 1e-8)
        t = np.clip((dx * along[0] + dy * along[1]) / np.float32(squared), 0, 1)
        across = np.hypot(dx - t * along[0], dy - t * along[1])
        radius = np.float32(r0) + t * np.float32(r1 - r0)
        part = slice(top, bottom), slice(left, right)
        lifted = np.sqrt(np.maximum(radius * radius - across * across, 0))
        np.maximum(height[part], lifted, out=height[part])
        np.maximum(cover[part], np.clip((radius - across) * size + np.float32(0.5), 0, 1), out=cover[part])
    body = cv2.GaussianBlur(height, (0, 0), max(0.6, size / 110))
    slope_x = cv2.Sobel(body, cv2.CV_32F, 1, 0, scale=size / 8)
    slope_y = cv2.Sobel(body, cv2.CV_32F, 0, 1, scale=size / 8)
    lit = (LIGHT[0] * slope_x + LIGHT[1] * slope_y) / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    shade = np.clip(np.float32(0.8) + np.float32(0.42) * lit, 0.25, 1.25).astype(np.float32)
    # Where little light falls, skin is redder: it shines through.
    colour = np.stack([np.float32(tone[channel]) * shade**power for channel, power in enumerate((0.8, 1.15, 1.25))], -1)
    return Layer(colour.astype(np.float32), cover)


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    return max(0, int(np.floor(low * size))), min(size, int(np.ceil(high * size)))
