"""What lies behind a rendered object: a flat, shaded or textured ground or a photograph, and edges and bars on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.synth import colours, noise

KINDS = ("flat", "gradient", "texture", "photograph")
CLUTTER = ("none", "edge", "bar", "frame")
FLAT, GRADIENT, TEXTURE, PHOTOGRAPH = range(4)
EMPTY, EDGE, BAR, FRAME = range(4)

COLUMNS = {
    "background": "i4",
    "gradient": "f4",
    "gradient_angle": "f4",
    "texture": "f4",
    "rough": "f4",
    "photo": "i4",
    "photo_x": "f4",
    "photo_y": "f4",
    "photo_zoom": "f4",
    "photo_contrast": "f4",
    "clutter": "i4",
    "clutter_angle": "f4",
    "clutter_at": "f4",
    "clutter_width": "f4",
    "clutter_r": "u1",
    "clutter_g": "u1",
    "clutter_b": "u1",
}
"""Beside `ground_r`, `ground_g`, `ground_b`, the ground's colour. Gradient: change over the frame, levels of 255.
Texture: standard deviation, levels. Photograph: code or −1, place of the crop as fractions of the room there is, side
of the crop in frames, and the most that it may deviate from the ground, standard deviation in levels. Clutter: degrees,
distance from the frame's centre and width as fractions of the frame."""

RELIEF = 50
"""Salts 50…53 are the textures'."""


def tables(photographs: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """What the codes of the choice columns mean."""
    return {"background": KINDS, "photo": tuple(photographs), "clutter": CLUTTER}


def sample(
    rng: np.random.Generator,
    scenes: Scenes,
    *,
    room: NDArray[np.float64],
    photographs: int,
    gradient: float,
    texture: float,
    clutter: float,
    saturation: float,
) -> None:
    """Fill the columns of the background; the ground's colour must be there.

    Args:
        rng: of the block.
        scenes: with the columns `ground_*` and COLUMNS.
        room: (n,) levels between the object's luminance and the ground's; nothing behind the object uses it up.
        photographs: how many there are; half of the backgrounds are photographs where there are any.
        gradient: largest change over the frame, levels.
        texture: largest standard deviation, levels.
        clutter: share of images with an edge, a bar or a frame.
        saturation: of the clutter's colour, 0…1.
    """
    n = len(scenes)
    scenes["background"] = rng.choice(3, size=n, p=(0.25, 0.3, 0.45))
    if photographs:
        scenes["background"] = np.where(rng.random(n) < 0.5, PHOTOGRAPH, scenes["background"])
    kind = scenes["background"]
    scenes["gradient"] = np.minimum(gradient * rng.random(n), 0.9 * room) * ((kind == GRADIENT) | (kind == TEXTURE))
    scenes["gradient_angle"] = 360 * rng.random(n)
    scenes["texture"] = np.minimum(texture * rng.random(n) ** 2, 0.3 * room) * (kind == TEXTURE)
    scenes["rough"] = rng.random(n)
    scenes["photo"] = np.where(kind == PHOTOGRAPH, rng.integers(max(1, photographs), size=n), -1)
    scenes["photo_x"], scenes["photo_y"] = rng.random((2, n))
    scenes["photo_zoom"] = rng.uniform(1, 4, n)
    scenes["photo_contrast"] = 0.35 * room
    cluttered = rng.random(n) < clutter
    scenes["clutter"] = np.where(cluttered, rng.choice((EDGE, BAR, FRAME), size=n), EMPTY)
    # Edges keep to the directions of the number: signs are rectangles.
    scenes["clutter_angle"] = 90 * rng.integers(4, size=n) + rng.normal(0, 8, n)
    scenes["clutter_at"] = rng.uniform(0.1, 0.5, n)
    scenes["clutter_width"] = rng.uniform(0.03, 0.2, n)
    _colour_clutter(rng, scenes, room, saturation)


def _colour_clutter(rng: np.random.Generator, scenes: Scenes, room: NDArray[np.float64], saturation: float) -> None:
    """Any colour at the rim of the frame; behind the object one that is close to the ground's luminance."""
    n = len(scenes)
    ground = colours.luminance(np.stack([scenes[f"ground_{channel}"] for channel in "rgb"], axis=1))
    close = np.clip(ground + 0.5 * room * rng.uniform(-1, 1, n), 3, 252)
    at_the_rim = (scenes["clutter_at"] > 0.36) & (scenes["clutter"] != FRAME) | (scenes["clutter"] == FRAME)
    luma = np.where(at_the_rim, rng.uniform(5, 250, n), close)
    colour = colours.coloured(luma, colours.hues(rng, n), saturation * rng.random(n))
    for position, channel in enumerate("rgb"):
        scenes[f"clutter_{channel}"] = colour[:, position]


def paint(scenes: Scenes, size: int, photographs: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """(n, size, size, 3) float32 backgrounds, levels, not yet clipped to 0…255; draws nothing."""
    relief = np.zeros((len(scenes), size, size), np.float32)
    shaded = np.flatnonzero(scenes["gradient"])
    relief[shaded] = scenes["gradient"][shaded, None, None] * _along(scenes["gradient_angle"][shaded], size)
    textured = np.flatnonzero(scenes["texture"])
    if len(textured):
        some = scenes[textured]
        field = noise.fractal(some["noise_seed"], size, some["rough"], RELIEF)
        relief[textured] += some["texture"][:, None, None] * field
    ground = np.stack([scenes[f"ground_{channel}"] for channel in "rgb"], axis=1).astype(np.float32)
    images = ground[:, None, None] + relief[..., None]
    for row in np.flatnonzero(scenes["background"] == PHOTOGRAPH):
        scene = scenes[row]
        patch = _patch(photographs[scene["photo"]], scene, size)
        deviation = patch - patch.mean(axis=(0, 1))
        spread = float(deviation.std())
        images[row] += deviation * np.float32(min(1.0, float(scene["photo_contrast"]) / max(spread, 1e-3)))
    cluttered = np.flatnonzero(scenes["clutter"])
    if len(cluttered):
        some = scenes[cluttered]
        colour = np.stack([some[f"clutter_{channel}"] for channel in "rgb"], axis=1).astype(np.float32)
        images[cluttered] += _cover(some, size)[..., None] * (colour[:, None, None] - images[cluttered])
    return images


def _along(angle: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """(n, size, size): distance from the frame's centre in a direction (degrees), fractions of the frame."""
    turn = np.deg2rad(angle.astype(np.float64))[:, None, None]
    at = (np.arange(size) + 0.5) / size - 0.5
    return (np.cos(turn) * at[None, None, :] + np.sin(turn) * at[None, :, None]).astype(np.float32)


def _cover(scenes: Scenes, size: int) -> NDArray[np.float32]:
    """(n, size, size): how much of each pixel the clutter covers."""
    along = _along(scenes["clutter_angle"], size)
    across = _along(scenes["clutter_angle"] + np.float32(90), size)
    kind = scenes["clutter"][:, None, None]
    at, width = scenes["clutter_at"][:, None, None], scenes["clutter_width"][:, None, None]
    edge = along - at
    bar = width / 2 - np.abs(edge)
    # A frame is what lies outside of a square, as round a plate, never nearer than the rim.
    frame = np.maximum(np.abs(along), np.abs(across)) - np.maximum(at, np.float32(0.4))
    distance = np.where(kind == EDGE, edge, np.where(kind == BAR, bar, frame))
    cover: NDArray[np.float32] = np.clip(distance * np.float32(size) + np.float32(0.5), 0, 1)
    return cover


def _patch(photograph: NDArray[np.uint8], scene: np.void, size: int) -> NDArray[np.float32]:
    height, width = photograph.shape[:2]
    side = int(min(height, width, max(size, round(size * float(scene["photo_zoom"])))))
    top, left = int(float(scene["photo_y"]) * (height - side + 1)), int(float(scene["photo_x"]) * (width - side + 1))
    crop = photograph[top : top + side, left : left + side]
    return (crop if side == size else cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)).astype(np.float32)
