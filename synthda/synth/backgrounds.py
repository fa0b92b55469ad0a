"""What lies behind a rendered object: a flat, shaded or textured ground, or part of a photograph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.synth import noise
from synthda.synth.geometry import along
from synthda.synth.photographs import Photographs, crop, zooms

KINDS = ("flat", "gradient", "texture", "photograph")
FLAT, GRADIENT, TEXTURE, PHOTOGRAPH = range(4)

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
}
"""Beside `ground_r`, `ground_g`, `ground_b`, the ground's colour. Gradient: change over the frame, levels of 255.
Texture: standard deviation, levels. Photograph: code or −1, place of the crop as fractions of the room there is, side
of the crop in frames, and the most that it may deviate from the ground, standard deviation in levels."""

RELIEF = 50
"""Salts 50…52 are the textures'."""


def tables(photographs: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """What the codes of the choice columns mean."""
    return {"background": KINDS, "photo": tuple(photographs)}


def sample(
    rng: np.random.Generator,
    scenes: Scenes,
    *,
    room: NDArray[np.float64],
    photographs: Photographs | None,
    size: int,
    share: float,
    gradient: float,
    texture: float,
) -> None:
    """Fill the columns of the background; the ground's colour must be there.

    Args:
        rng: of the block.
        scenes: with the columns `ground_*` and COLUMNS.
        room: (n,) levels between the object's luminance and the ground's; nothing behind the object uses it up.
        photographs: those there are.
        size: of the frame, pixels.
        share: of backgrounds that are photographs, where there are any.
        gradient: largest change over the frame, levels.
        texture: largest standard deviation, levels.
    """
    n, count = len(scenes), len(photographs) if photographs else 1
    scenes["background"] = rng.choice(3, size=n, p=(0.25, 0.3, 0.45))
    if photographs:
        scenes["background"] = np.where(rng.random(n) < share, PHOTOGRAPH, scenes["background"])
    kind = scenes["background"]
    scenes["gradient"] = np.minimum(gradient * rng.random(n), 0.9 * room) * ((kind == GRADIENT) | (kind == TEXTURE))
    scenes["gradient_angle"] = 360 * rng.random(n)
    scenes["texture"] = np.minimum(texture * rng.random(n) ** 2, 0.3 * room) * (kind == TEXTURE)
    scenes["rough"] = rng.random(n)
    scenes["photo"] = np.where(kind == PHOTOGRAPH, rng.integers(count, size=n), -1)
    scenes["photo_x"], scenes["photo_y"] = rng.random((2, n))
    scenes["photo_zoom"] = zooms(rng.uniform(1, 4, n), scenes["photo"], photographs, size)
    scenes["photo_contrast"] = 0.35 * room


def paint(scenes: Scenes, size: int, photographs: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """(n, 3, size, size) float32 backgrounds, levels, not yet clipped to 0…255; draws nothing."""
    # A plane a channel: whole-block operations then run along rows of pixels, not along three channels.
    images = np.empty((len(scenes), 3, size, size), np.float32)
    images[:] = colour(scenes, "ground")
    shaded = np.flatnonzero(scenes["gradient"])
    if len(shaded):
        shade = scenes["gradient"][shaded, None, None] * along(scenes["gradient_angle"][shaded], size)
        images[shaded] += shade[:, None]
    textured = np.flatnonzero(scenes["texture"])
    if len(textured):
        some = scenes[textured]
        field = noise.fractal_patches(some["noise_seed"], size, some["rough"], RELIEF)
        images[textured] += (some["texture"][:, None, None] * field)[:, None]
    for row in np.flatnonzero((scenes["background"] == PHOTOGRAPH) & (scenes["photo"] >= 0)).tolist():
        scene = scenes[row]
        patch = crop(photographs[scene["photo"]], scene, size).astype(np.float32)
        deviation = patch - patch.mean(axis=(0, 1))
        spread = float(deviation.std())
        weakened = deviation * np.float32(min(1.0, float(scene["photo_contrast"]) / max(spread, 1e-3)))
        images[row] += weakened.transpose(2, 0, 1)
    return images


def colour(scenes: Scenes, part: str) -> NDArray[np.float32]:
    """(n, 3, 1, 1) levels of the columns `part_r`, `part_g`, `part_b`."""
    channels = [scenes[f"{part}_{channel}"] for channel in "rgb"]
    return np.stack(channels, axis=1).astype(np.float32)[:, :, None, None]
