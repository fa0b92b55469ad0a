"""How light falls in a store: from lamps on one side, darker corners, reflections on plastic and wax."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.synth import colours
from synthda.synth.canvas import thrice
from synthda.synth.geometry import along

COLUMNS = {
    "metered": "f4",
    "contrast": "f4",
    "vivid": "f4",
    "light": "f4",
    "vignette": "f4",
    "glare": "f4",
    "glare_x": "f4",
    "glare_y": "f4",
    "glare_long": "f4",
    "glare_wide": "f4",
    "glare_angle": "f4",
}
"""`metered` is the mean luminance, levels, that the phone exposes for, `contrast` the share by which its tone curve
stretches luminance about that mean; `vivid` multiplies colour's distance from grey; `light` is the share by which the
side away from the lamps is lit less, `vignette` that of the corners; a reflection has levels, a place, a length and a
width in frames, and degrees."""

METERED = 105
"""Mean luminance, levels, of photographs that phones expose by themselves; label-free, from unlabelled photographs."""
MOST_GAIN = 1.9
SHOULDER = np.float32(190)
"""Level from which on highlights are compressed."""


def sample(
    rng: np.random.Generator,
    scenes: Scenes,
    *,
    contrast: float,
    vivid: float,
    light: float,
    vignette: float,
    glare: float,
) -> None:
    """Fill the columns of the light but for `light_angle`, which shadows follow; each argument is the worst case."""
    n = len(scenes)
    scenes["metered"] = METERED + 16 * rng.uniform(-1, 1, (2, n)).mean(axis=0)
    scenes["contrast"] = contrast * rng.random(n)
    # Phones make colours more vivid rather than less.
    scenes["vivid"] = vivid ** rng.uniform(-0.3, 1, n)
    scenes["light"] = light * rng.random(n) ** 2
    scenes["vignette"] = vignette * rng.random(n) ** 2
    scenes["glare"] = glare * rng.random(n) * (rng.random(n) < 1 / 3)
    scenes["glare_x"], scenes["glare_y"] = rng.uniform(0.1, 0.9, (2, n))
    scenes["glare_long"] = rng.uniform(0.05, 0.4, n)
    scenes["glare_wide"] = rng.uniform(0.02, 0.12, n)
    scenes["glare_angle"] = 180 * rng.random(n)


def fall(images: NDArray[np.float32], scenes: Scenes) -> None:
    """Light the (n, size, size, 3) images and expose them as a phone's metering does, in place; draws nothing."""
    size = images.shape[1]
    lit = _falling(scenes, size)
    at = ((np.arange(size) + 0.5) / size).astype(np.float32)
    for row, scene in enumerate(scenes):
        image = images[row]
        image *= thrice(lit[row])
        if scene["glare"] > 1:
            image += thrice(_reflection(scene, at))
        luminance = float(cv2.mean(image)[:3] @ colours.LUMA)
        gain = float(np.clip(float(scene["metered"]) / max(luminance, 1.0), 1 / MOST_GAIN, MOST_GAIN))
        vivid, contrast = float(scene["vivid"]), 1 + float(scene["contrast"])
        # Gain, saturation about grey and contrast about the metered mean are one matrix.
        matrix = np.empty((3, 4))
        matrix[:, :3] = gain * contrast * (vivid * np.eye(3) + (1 - vivid) * colours.LUMA)
        matrix[:, 3] = (1 - contrast) * gain * luminance
        cv2.transform(image, matrix, dst=image)
        # Highlights roll off as in a phone's tone curve: white packs keep some of their print.
        bright = np.maximum(image - SHOULDER, 0)
        np.minimum(image, SHOULDER, out=image)
        np.maximum(image, 0, out=image)
        image += bright / (1 + bright / (255 - SHOULDER))


def _falling(scenes: Scenes, size: int) -> NDArray[np.float32]:
    """(n, size, size) light from the lamps' side, less in the corners."""
    lit = 1 - scenes["light"][:, None, None] * (np.float32(0.5) - np.float32(0.7) * along(scenes["light_angle"], size))
    at = ((np.arange(size) + 0.5) / size - 0.5).astype(np.float32)
    corner = 2 * (at[None, :] ** 2 + at[:, None] ** 2)
    lit *= 1 - scenes["vignette"][:, None, None] * corner
    return np.asarray(lit, np.float32)


def _reflection(scene: np.void, at: NDArray[np.float32]) -> NDArray[np.float32]:
    """(size, size) levels of an elongated, soft reflection."""
    turn = np.deg2rad(float(scene["glare_angle"]))
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    x, y = at[None, :] - scene["glare_x"], at[:, None] - scene["glare_y"]
    far = ((cos * x + sin * y) / scene["glare_long"]) ** 2 + ((cos * y - sin * x) / scene["glare_wide"]) ** 2
    return np.asarray(scene["glare"] * np.maximum(1 - far / 4, 0) ** 4, np.float32)
