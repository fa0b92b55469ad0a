"""How ink is painted on a ground: fill and its gradient, outline, hollow strokes, bevel, drop shadow, worn paint."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.synth import backgrounds, colours, noise
from synthda.synth.geometry import along
from synthda.synth.ink import Ink

COLUMNS = {
    **{f"{part}_{channel}": "u1" for part in ("fill", "ground", "outline") for channel in "rgb"},
    "fill_gradient": "f4",
    "fill_gradient_angle": "f4",
    "outline_width": "f4",
    "hollow": "f4",
    "unlit": "f4",
    "bevel": "f4",
    "shadow": "f4",
    "shadow_x": "f4",
    "shadow_y": "f4",
    "shadow_soft": "f4",
}
"""Change of the fill over the frame and strength of the bevel, levels of 255; width of the outline and, of hollow
characters, of the line that draws them (0: filled), fractions of the character's height; how strongly segments without
power can be seen, share of the fill; the shadow's share of darkness, its shift in fractions of the frame, and the share
of a pixel's step by which its border is sharp."""

PATCHES = 3
"""Salts 3…5 are the worn paint's."""


def sample(
    rng: np.random.Generator,
    scenes: Scenes,
    *,
    contrast: float,
    saturation: float,
    fill_gradient: float,
    outline: float,
    hollow: float,
    unlit: float,
    bevel: float,
    shadow: float,
) -> None:
    """Fill the columns of the paint; each argument is the worst case, but `contrast` the least and `hollow` a share."""
    n = len(scenes)
    fill, ground = colours.contrasting(rng, n, contrast=contrast, saturation=saturation)
    edge = colours.coloured(rng.uniform(5, 250, n), colours.hues(rng, n), saturation * rng.random(n))
    # Most outlines are the background's opposite: dark around light characters and the reverse.
    opposite = np.where(colours.luminance(fill) > colours.luminance(ground), 12, 245)
    edge = np.where(rng.random((n, 1)) < 0.7, opposite[:, None], edge)
    for part, colour in (("fill", fill), ("ground", ground), ("outline", edge)):
        for position, channel in enumerate("rgb"):
            scenes[f"{part}_{channel}"] = colour[:, position]
    room = np.abs(colours.luminance(fill) - colours.luminance(ground))
    strength = fill_gradient * rng.random(n) * (rng.random(n) < 0.35)
    scenes["fill_gradient"] = np.minimum(strength, 0.9 * room)
    scenes["fill_gradient_angle"] = 360 * rng.random(n)
    scenes["outline_width"] = outline * rng.uniform(0.3, 1, n) * (rng.random(n) < 0.25)
    scenes["hollow"] = rng.uniform(0.03, 0.07, n) * (rng.random(n) < hollow)
    scenes["unlit"] = unlit * rng.random(n)
    scenes["bevel"] = bevel * rng.uniform(0.2, 1, n) * (rng.random(n) < 0.12)
    scenes["shadow"] = shadow * rng.uniform(0.3, 1, n) * (rng.random(n) < 0.25)
    for axis in ("shadow_x", "shadow_y"):
        scenes[axis] = rng.uniform(-0.08, 0.08, n)
    scenes["shadow_soft"] = rng.uniform(0.25, 1, n)


def paint(images: NDArray[np.float32], scenes: Scenes, ink: Ink, unlit: NDArray[np.float32] | None) -> None:
    """Paint the ink over the (n, 3, H, W) images; `unlit` is the field of all segments, of displays."""
    field, pixels = ink
    fill = backgrounds.colour(scenes, "fill")
    _cast_shadows(images, scenes, field)
    if unlit is not None:
        images += (np.clip(unlit + np.float32(0.5), 0, 1) * scenes["unlit"][:, None, None])[:, None] * (fill - images)
    outlined = np.flatnonzero(scenes["outline_width"])
    if len(outlined):
        width = scenes["outline_width"][outlined, None, None] * pixels[outlined]
        cover = np.clip(field[outlined] + width + np.float32(0.5), 0, 1)[:, None]
        images[outlined] += cover * (backgrounds.colour(scenes[outlined], "outline") - images[outlined])
    cover = _cover(scenes, ink)
    change = fill - images
    change *= cover[:, None]
    images += change
    shaded = np.flatnonzero(scenes["fill_gradient"])
    if len(shaded):
        shade = scenes["fill_gradient"][shaded, None, None] * along(
            scenes["fill_gradient_angle"][shaded], field.shape[-1]
        )
        images[shaded] += (shade * cover[shaded])[:, None]
    _bevel(images, scenes, ink, cover)


def _cover(scenes: Scenes, ink: Ink) -> NDArray[np.float32]:
    """(n, H, W): how much of each pixel the fill covers."""
    field, pixels = ink
    cover = np.clip(field + np.float32(0.5), 0, 1)
    hollow = np.flatnonzero(scenes["hollow"])
    if len(hollow):
        line = np.maximum(scenes["hollow"][hollow, None, None] * pixels[hollow], 1)
        cover[hollow] -= np.clip(field[hollow] - line + np.float32(0.5), 0, 1)
    worn = np.flatnonzero(scenes["wear"])
    if len(worn):
        ones = np.ones(len(worn), np.float32)
        patches = noise.fractal_patches(scenes["noise_seed"][worn], cover.shape[-1], ones, PATCHES)
        amount = scenes["wear"][worn, None, None]
        cover[worn] *= 1 - amount * np.clip(patches * np.float32(1.5) - 1 + amount, 0, 1)
    return np.asarray(cover)


def _cast_shadows(images: NDArray[np.float32], scenes: Scenes, field: NDArray[np.float32]) -> None:
    size = images.shape[-1]
    shift = np.eye(2, 3)
    names = ("shadow", "shadow_x", "shadow_y", "shadow_soft")
    rows = np.flatnonzero(scenes["shadow"])
    for row, dark, dx, dy, soft in zip(rows.tolist(), *(scenes[name][rows].tolist() for name in names), strict=True):
        shift[:, 2] = dx * size, dy * size
        moved = cv2.warpAffine(field[row], shift, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        images[row] *= 1 - np.float32(dark) * np.clip(moved * np.float32(soft) + np.float32(0.5), 0, 1)


def _bevel(images: NDArray[np.float32], scenes: Scenes, ink: Ink, cover: NDArray[np.float32]) -> None:
    """Rims that face the light, up to the left, are lighter and the others darker."""
    rows = np.flatnonzero(scenes["bevel"])
    if len(rows):
        field = ink.field[rows]
        slope = np.zeros_like(field)
        slope[:, 1:, 1:] = field[:, 1:, 1:] - field[:, :-1, :-1]
        rim = np.clip(1 - field / (np.float32(0.1) * ink.pixels[rows]), 0, 1)
        images[rows] += (scenes["bevel"][rows, None, None] * slope * rim * cover[rows])[:, None]
