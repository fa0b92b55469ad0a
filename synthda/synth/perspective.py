"""Flat templates turned in space: yaw, pitch, roll and distance as one homography a row, one warp an image."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.synth.templates import Template

POSE = {
    "scale": "f4",
    "shift_x": "f4",
    "shift_y": "f4",
    "aspect": "f4",
    "yaw": "f4",
    "pitch": "f4",
    "roll": "f4",
    "distance": "f4",
}
"""Side of the template and shift of its centre as fractions of the frame, width over height, degrees about the
vertical, the horizontal and the viewing axis, and the camera's distance in sides of the template."""

STEP = 2**0.5
"""Templates are kept at sides that differ by this factor, so that one is always near the size that is asked for."""

SHARPNESS = 1.15
"""A template is warped from at least this many times the pixels that it will cover."""

SMALLEST = 8


def homographies(scenes: Scenes, size: int, offset: Any = (0.0, 0.0)) -> NDArray[np.float64]:
    """(n, 3, 3): from coordinates on the template, −½…½ each way with y down, to pixels of the frame.

    Args:
        scenes: with the columns of POSE.
        size: side of the frame, pixels.
        offset: moves the template in its own plane, in sides of it, x and y; each a number or (n,).
    """
    yaw, pitch, roll = (np.deg2rad(scenes[name].astype(np.float64)) for name in ("yaw", "pitch", "roll"))
    cos_y, sin_y, cos_p, sin_p, cos_r, sin_r = (
        part for angle in (yaw, pitch, roll) for part in (np.cos(angle), np.sin(angle))
    )
    # The columns that a point (x, y, 0) needs of R = R_yaw · R_pitch · R_roll.
    across = np.stack([cos_y * cos_r + sin_y * sin_p * sin_r, cos_p * sin_r, -sin_y * cos_r + cos_y * sin_p * sin_r])
    down = np.stack([-cos_y * sin_r + sin_y * sin_p * cos_r, cos_p * cos_r, sin_y * sin_r + cos_y * sin_p * cos_r])
    distance = scenes["distance"].astype(np.float64)
    tall = scenes["scale"].astype(np.float64) * size
    wide = tall * scenes["aspect"]
    centre_x, centre_y = ((0.5 + scenes[f"shift_{axis}"].astype(np.float64)) * size - 0.5 for axis in "xy")
    place = np.zeros((3, len(scenes)))
    place[2] = 1.0
    rotated = np.stack([across, down, place], axis=-1).transpose(1, 0, 2)  # (n, 3, 3): point → space
    rotated[:, 2, :2] /= distance[:, None]
    frame = np.zeros_like(rotated)  # space, divided by depth → pixels
    frame[:, 0, 0], frame[:, 0, 2], frame[:, 1, 1], frame[:, 1, 2], frame[:, 2, 2] = wide, centre_x, tall, centre_y, 1
    moved = np.tile(np.eye(3), (len(scenes), 1, 1))
    moved[:, 0, 2], moved[:, 1, 2] = offset
    # Written out: BLAS may round a product of three differently for another number of rows.
    found: NDArray[np.float64] = _product(_product(frame, rotated), moved)
    return found


def nearness(homography: NDArray[np.float64]) -> float:
    """Depth of a template's nearest corner, as a share of the camera's distance; below 0 it is behind the camera."""
    return float(homography[2, 2] - 0.5 * np.abs(homography[2, :2]).sum())


def warped(template: Template, homography: NDArray[np.float64], size: int, covers: float) -> NDArray[np.uint8]:
    """(size, size, 4) uint8 RGBA, colour multiplied by alpha, of a template seen through a homography.

    `covers` is about how many pixels of the frame the template's side takes: it chooses the resolution to read.
    """
    levels = pyramid(template)
    sides = [len(level) for level in levels]
    level = next((index for index, side in reversed(list(enumerate(sides))) if side >= SHARPNESS * covers), 0)
    side = sides[level]
    to_template = np.array([[1 / side, 0, 0.5 / side - 0.5], [0, 1 / side, 0.5 / side - 0.5], [0, 0, 1]])
    seen = cv2.warpPerspective(levels[level], homography @ to_template, (size, size), flags=cv2.INTER_LINEAR)
    return np.asarray(seen, dtype=np.uint8)


@lru_cache(maxsize=512)
def pyramid(template: Template) -> tuple[NDArray[np.uint8], ...]:
    """The template with colour multiplied by alpha, at its own side and reduced by STEP again and again."""
    image = template.image.astype(np.float32)
    image[..., :3] *= image[..., 3:] / 255
    levels, side = [], float(len(image))
    while side >= SMALLEST:
        whole = round(side)
        reduced = image if whole == len(image) else cv2.resize(image, (whole, whole), interpolation=cv2.INTER_AREA)
        levels.append(np.clip(reduced + 0.5, 0, 255).astype(np.uint8))
        side /= STEP
    return tuple(levels)


def _product(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 3, 3) times (n, 3, 3), in plain sums."""
    return np.asarray((left[:, :, :, None] * right[:, None, :, :]).sum(axis=2))
