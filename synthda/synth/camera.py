"""What a camera does to a scene: exposure, optics, few pixels, noise, JPEG; each with parameters from the row."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.synth import noise

COLUMNS = {
    "exposure": "f4",
    "temperature": "f4",
    "tint": "f4",
    "haze": "f4",
    "blur": "f4",
    "motion": "f4",
    "motion_angle": "f4",
    "defocus": "f4",
    "reduce": "f4",
    "sharpen": "f4",
    "noise": "f4",
    "jpeg": "i4",
    "noise_seed": "u4",
}
"""Exposure in stops; colour temperature, −1 blue … 1 orange; tint, −1 green … 1 magenta; light scattered into the
lens, levels of 255 before the exposure; standard deviation of the blur, length of the motion and radius of the
defocus, pixels of a 32-pixel frame; degrees; how many times fewer pixels the camera had; share of the detail that it
adds to look sharper; standard deviation of the noise, levels; JPEG quality, 0 for none; seed of all noise."""

WARM = np.array([1.0, 0.0, -1.0], np.float32) * np.float32(0.35)
"""Stops by which each channel gains as the light turns orange."""
MAGENTA = np.array([0.5, -1.0, 0.5], np.float32) * np.float32(0.3)
"""Stops by which each channel gains as the white balance turns to magenta."""

SENSOR = 100
"""Salt of the sensor's noise; renderers use smaller ones."""

GRAINS = 64
"""Noise is a stretch of one long sequence that is this many images long: hashing it anew for each costs 30 µs."""
MOST_GRAIN = 1 << 22
"""Values of that sequence at most, 16 MB, unless two images have more."""


class Worst(Protocol):
    """The worst that photographs may be; a renderer's settings of the same names."""

    @property
    def blur(self) -> float: ...
    @property
    def motion(self) -> float: ...
    @property
    def defocus(self) -> float: ...
    @property
    def reduce(self) -> float: ...
    @property
    def sharpen(self) -> float: ...
    @property
    def noise(self) -> float: ...
    @property
    def jpeg(self) -> int: ...


def sample(rng: np.random.Generator, scenes: Scenes, worst: Worst) -> None:
    """Fill the camera's columns, but for those of the exposure, which belong to the scene's light.

    `jpeg` is the lowest quality (100: never JPEG), all else the worst case. Most photographs are fair and some are bad:
    blur and noise go with the square of a uniform draw; one in six moves, one in six is out of focus, three in ten have
    fewer pixels, half are sharpened, three in ten went through JPEG.
    """
    n = len(scenes)
    scenes["blur"] = worst.blur * rng.random(n) ** 2
    scenes["motion"] = worst.motion * rng.random(n) * (rng.random(n) < 1 / 6)
    scenes["motion_angle"] = 180 * rng.random(n)
    scenes["reduce"] = 1 + (worst.reduce - 1) * rng.random(n) * (rng.random(n) < 0.3)
    scenes["noise"] = worst.noise * rng.random(n) ** 2
    quality = rng.integers(worst.jpeg, 96, n) if worst.jpeg < 96 else np.zeros(n, np.int64)
    scenes["jpeg"] = np.where(rng.random(n) < 0.3, quality, 0)
    scenes["noise_seed"] = rng.integers(2**32, size=n, dtype=np.uint32)
    scenes["defocus"] = worst.defocus * rng.random(n) * (rng.random(n) < 1 / 6)
    scenes["sharpen"] = worst.sharpen * rng.random(n) * (rng.random(n) < 0.5)


def photograph(images: NDArray[np.float32], scenes: Scenes) -> NDArray[np.uint8]:
    """The (n, H, W, 3) images, levels 0…255, as a camera would have stored them; draws nothing."""
    size = images.shape[2]
    seen = _exposed(images, scenes)
    # Optics come before the sensor's clipping, so that overexposed light spills over its borders.
    for row, (sigma, length, angle, radius, reduce) in enumerate(
        zip(*(scenes[name].tolist() for name in ("blur", "motion", "motion_angle", "defocus", "reduce")), strict=True)
    ):
        image = seen[row]
        if radius * size / 32 > 0.5:
            image = cv2.filter2D(image, -1, _disc(round(8 * radius * size / 32) / 8))
        if sigma * size / 32 > 0.2:
            image = cv2.GaussianBlur(image, (0, 0), sigma * size / 32)
        if length * size / 32 > 0.5:
            image = cv2.filter2D(image, -1, _streak(round(4 * length * size / 32) / 4, round(angle / 3) * 3))
        if reduce > 1.05:
            fewer = max(4, round(size / reduce))
            image = cv2.resize(image, (fewer, fewer), interpolation=cv2.INTER_AREA)
            image = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)
        seen[row] = image
    return _processed(_levels(seen), scenes)


def _processed(taken: NDArray[np.uint8], scenes: Scenes) -> NDArray[np.uint8]:
    """Sharpening, noise and JPEG, of bytes; overwrites them."""
    for row in np.flatnonzero(scenes["sharpen"] > 0.05).tolist():
        amount = float(scenes["sharpen"][row])
        taken[row] = cv2.addWeighted(taken[row], 1 + amount, cv2.blur(taken[row], (3, 3)), -amount, 0)
    noisy = np.flatnonzero(scenes["noise"] > 0.3)
    if len(noisy):
        values = taken[0].size
        grain = _grain(max(2 * values, min(GRAINS * values, MOST_GRAIN)))
        starts = (scenes["noise_seed"][noisy] % np.uint32(len(grain) - values)).tolist()
        for row, start, sigma in zip(noisy.tolist(), starts, scenes["noise"][noisy].tolist(), strict=True):
            own = grain[start : start + values].reshape(taken.shape[1:])
            taken[row] = cv2.add(taken[row], own * np.float32(sigma), dtype=cv2.CV_8U)
    for row in np.flatnonzero(scenes["jpeg"]).tolist():
        taken[row] = _through_jpeg(taken[row], int(scenes["jpeg"][row]))
    return taken


def _exposed(images: NDArray[np.float32], scenes: Scenes) -> NDArray[np.float32]:
    """Gain, colour of the light, and haze; overwrites the images where there is any."""
    rows = np.flatnonzero(np.any([scenes[name] != 0 for name in ("exposure", "temperature", "tint", "haze")], axis=0))
    if len(rows):
        some = scenes[rows]
        # In double precision: a vectorised float32 exponential may differ in its last bit with the number of rows.
        stops = some["exposure"][:, None].astype(np.float64) + some["temperature"][:, None] * WARM
        stops += some["tint"][:, None] * MAGENTA
        light = np.zeros((len(rows), 3, 4), np.float32)
        light[:, range(3), range(3)] = np.exp2(stops)
        light[:, :, 3] = np.exp2(some["exposure"].astype(np.float64))[:, None] * some["haze"][:, None]
        for row, matrix in zip(rows.tolist(), light, strict=True):
            cv2.transform(images[row], matrix, dst=images[row])
    return images


def _levels(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Rounded and clipped to bytes; overwrites what is below 0."""
    np.maximum(images, 0, out=images)
    levels = cv2.convertScaleAbs(images.reshape(len(images), -1))
    return np.asarray(levels, np.uint8).reshape(images.shape)


def _through_jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    # OpenCV takes BGR: without the swaps JPEG would spend its chroma on the wrong channels.
    _, coded = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded[:, :, ::-1], dtype=np.uint8)


@lru_cache(maxsize=2)
def _grain(values: int) -> NDArray[np.float32]:
    """`values` standard normal draws, the same in every process."""
    return np.asarray(noise.normal(np.zeros(1, np.uint32), (values,), SENSOR)[0])


@lru_cache(maxsize=4096)
def _streak(length: float, angle: float) -> NDArray[np.float32]:
    """The kernel of a straight movement: `length` pixels, as points shared among the pixels nearest to each."""
    points = max(16, math.ceil(2 * length))
    half = math.ceil(length / 2) + 1
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    at = length * ((np.arange(points) + 0.5) / points - 0.5)
    x, y = half + at * cos, half + at * sin
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
        np.add.at(kernel, (top + dy, left + dx), (1 - np.abs(x - left - dx)) * (1 - np.abs(y - top - dy)) / points)
    return kernel


@lru_cache(maxsize=1024)
def _disc(radius: float) -> NDArray[np.float32]:
    """The kernel of an open aperture out of focus: an even disc of `radius` pixels, its rim in part."""
    half = math.ceil(radius)
    at = np.arange(-half, half + 1)
    kernel = np.clip(radius + 0.5 - np.hypot(at[:, None], at[None]), 0, 1)
    return np.asarray(kernel / kernel.sum(), np.float32)
