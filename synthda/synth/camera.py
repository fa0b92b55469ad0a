"""What a camera does to a scene: blur, motion, few pixels, sensor noise, JPEG; each with parameters from the row."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.synth import noise

COLUMNS = {
    "blur": "f4",
    "motion": "f4",
    "motion_angle": "f4",
    "reduce": "f4",
    "noise": "f4",
    "jpeg": "i4",
    "noise_seed": "u4",
}
"""Standard deviation of the blur and length of the motion, pixels of a 32-pixel frame; degrees; how many times fewer
pixels the camera had; standard deviation of the noise, levels of 255; JPEG quality, 0 for none; seed of all noise."""

SENSOR = 100
"""Salt of the sensor's noise; renderers use smaller ones."""


def sample(
    rng: np.random.Generator,
    scenes: Scenes,
    *,
    blur: float,
    motion: float,
    reduce: float,
    noise_levels: float,
    jpeg: int,
) -> None:
    """Fill the camera's columns. Each argument is the worst case, but `jpeg` the lowest quality (100: never JPEG).

    Most photographs are fair and some are bad: blur and noise go with the square of a uniform draw; one in six moves,
    three in ten have fewer pixels, three in ten went through JPEG.
    """
    n = len(scenes)
    scenes["blur"] = blur * rng.random(n) ** 2
    scenes["motion"] = motion * rng.random(n) * (rng.random(n) < 1 / 6)
    scenes["motion_angle"] = 180 * rng.random(n)
    scenes["reduce"] = 1 + (reduce - 1) * rng.random(n) * (rng.random(n) < 0.3)
    scenes["noise"] = noise_levels * rng.random(n) ** 2
    quality = rng.integers(jpeg, 96, n) if jpeg < 96 else np.zeros(n, np.int64)
    scenes["jpeg"] = np.where(rng.random(n) < 0.3, quality, 0)
    scenes["noise_seed"] = rng.integers(2**32, size=n, dtype=np.uint32)


def photograph(images: NDArray[np.float32], scenes: Scenes) -> NDArray[np.uint8]:
    """The (n, H, W, 3) images, levels 0…255, as a camera would have stored them; draws nothing."""
    taken = _levels(images)
    size = images.shape[2]
    for row, (sigma, length, angle, reduce) in enumerate(
        zip(*(scenes[name].tolist() for name in ("blur", "motion", "motion_angle", "reduce")), strict=True)
    ):
        image = taken[row]
        if sigma * size / 32 > 0.2:
            image = cv2.GaussianBlur(image, (0, 0), sigma * size / 32)
        if length * size / 32 > 0.5:
            image = cv2.filter2D(image, -1, _streak(length * size / 32, angle))
        if reduce > 1.05:
            fewer = max(4, round(size / reduce))
            image = cv2.resize(image, (fewer, fewer), interpolation=cv2.INTER_AREA)
            image = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)
        taken[row] = image
    noisy = np.flatnonzero(scenes["noise"] > 0.3)
    if len(noisy):
        grain = noise.normal(scenes["noise_seed"][noisy], taken.shape[1:], SENSOR)
        taken[noisy] = _levels(taken[noisy] + scenes["noise"][noisy, None, None, None].astype(np.float32) * grain)
    for row in np.flatnonzero(scenes["jpeg"]).tolist():
        taken[row] = _through_jpeg(taken[row], int(scenes["jpeg"][row]))
    return taken


def _levels(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = np.clip(images + np.float32(0.5), 0, 255).astype(np.uint8)
    return levels


def _through_jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    # OpenCV takes BGR: without the swaps JPEG would spend its chroma on the wrong channels.
    _, coded = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded[:, :, ::-1], dtype=np.uint8)


def _streak(length: float, angle: float) -> NDArray[np.float32]:
    """The kernel of a straight movement: `length` pixels, as 16 points shared among the pixels nearest to each."""
    half = math.ceil(length / 2) + 1
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    at = length * ((np.arange(16) + 0.5) / 16 - 0.5)
    x, y = half + at * cos, half + at * sin
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
        np.add.at(kernel, (top + dy, left + dx), (1 - np.abs(x - left - dx)) * (1 - np.abs(y - top - dy)) / 16)
    return kernel
