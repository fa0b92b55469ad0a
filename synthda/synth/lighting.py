"""How the light falls on a painted surface and how the photograph of it is exposed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.synth import backgrounds, colours
from synthda.synth.geometry import along

COLUMNS = {"light": "f4", "light_angle": "f4"}
"""Share by which one side is lit less, and the direction in degrees; exposure, temperature and haze are the camera's
columns, for it applies them."""

BRIGHTEST = 225
"""Luminance, levels, that the darker one of character and background may be exposed to."""


def sample(
    rng: np.random.Generator,
    scenes: Scenes,
    *,
    light: float,
    dark: float,
    over: float,
    temperature: float,
    haze: float,
) -> None:
    """Fill the columns of the light and of the exposure, after the camera's and the paint's.

    Each argument is the worst case: shares, stops, 0…1 and levels. Seven in ten surfaces are lit unevenly, six in ten
    photographs are not exposed as they should be.
    """
    n = len(scenes)
    scenes["light"] = light * rng.random(n) ** 2 * (rng.random(n) < 0.7)
    scenes["light_angle"] = 360 * rng.random(n)
    badly = rng.random(n) < 0.6
    stops = badly * (-dark + (dark + over) * rng.beta(2, 1.6, n))
    # Metering keeps the darker of the two colours below white.
    darker = np.minimum(*(luminance(scenes, part) for part in ("fill", "ground")))
    scenes["exposure"] = np.minimum(stops, np.log2(BRIGHTEST / np.clip(darker, 1, BRIGHTEST)))
    scenes["temperature"] = badly * temperature * rng.uniform(-1, 1, (2, n)).mean(axis=0)
    scenes["haze"] = badly * haze * rng.random(n) ** 3


def fall(images: NDArray[np.float32], scenes: Scenes) -> None:
    """Light the (n, 3, H, W) images, less on one side than on the other."""
    rows = np.flatnonzero(scenes["light"])
    if len(rows):
        across = along(scenes["light_angle"][rows], images.shape[-1])
        images[rows] *= (1 - scenes["light"][rows, None, None] * (across * np.float32(0.7) + np.float32(0.5)))[:, None]


def luminance(scenes: Scenes, part: str) -> NDArray[np.float64]:
    """(n,) luminance of the columns `part_r`, `part_g`, `part_b`."""
    return colours.luminance(backgrounds.colour(scenes, part)[:, :, 0, 0])
