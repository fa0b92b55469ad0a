"""Where each pixel of a frame looks: rotation, shear, stretch, perspective and wobble as one sampling map a row."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes

Maps = tuple[NDArray[np.float32], NDArray[np.float32]]

POSE = {
    "scale": "f4",
    "shift_x": "f4",
    "shift_y": "f4",
    "angle": "f4",
    "shear": "f4",
    "aspect": "f4",
    "tilt_x": "f4",
    "tilt_y": "f4",
}
"""Columns of a pose: height of the object and shift of its centre as fractions of the frame, degrees clockwise,
shear as a fraction of the height, width over natural width, and perspective: how much nearer one side is."""


def look(scenes: Scenes, size: int, unit: float = 1.0) -> Maps:
    """(n, size, size) x and y from the object's centre that each pixel of the frame shows.

    Args:
        scenes: with the columns of POSE.
        size: side of the frame, pixels.
        unit: the object's height, in the unit of x and y.
    """
    pose = {name: scenes[name][:, None, None] for name in POSE}
    turn = np.deg2rad(pose["angle"].astype(np.float64))
    cos, sin = np.cos(turn).astype(np.float32), np.sin(turn).astype(np.float32)
    at = ((np.arange(size) + 0.5) / size - 0.5).astype(np.float32)
    x = at[None, None, :] - pose["shift_x"]
    y = at[None, :, None] - pose["shift_y"]
    # Rotation, shear, stretch and scale are one matrix: what this costs is whole-frame operations, here five.
    # Never nearer than a tenth of the distance: at the extremes of tilt and shift the frame would fold over.
    farther = np.maximum((1 + pose["tilt_x"] * x) + pose["tilt_y"] * y, np.float32(0.1))
    tall = np.float32(unit) / pose["scale"]
    wide, shear = tall / pose["aspect"], pose["shear"]
    along = wide * (cos - shear * sin) * x + wide * (sin + shear * cos) * y
    down = tall * cos * y - tall * sin * x
    along /= farther
    down /= farther
    return along, down


def pixels_per_height(scenes: Scenes, size: int) -> NDArray[np.float32]:
    """(n, 1, 1): how many pixels of the frame one height of the object takes, the mean of both directions."""
    pixels = scenes["scale"] * np.sqrt(scenes["aspect"]) * np.float32(size)
    height: NDArray[np.float32] = pixels.astype(np.float32)[:, None, None]
    return height


def sampled(field: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """One (H, W) field read at pixel coordinates x and y, linearly; its edge value lies all around it."""
    read = cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(read, dtype=np.float32)


def along(angle: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """(n, size, size): distance from the frame's centre in a direction (degrees), fractions of the frame."""
    turn = np.deg2rad(angle.astype(np.float64))
    cos, sin = (part.astype(np.float32)[:, None, None] for part in (np.cos(turn), np.sin(turn)))
    at = ((np.arange(size) + 0.5) / size - 0.5).astype(np.float32)
    distance: NDArray[np.float32] = cos * at[None, None, :] + sin * at[None, :, None]
    return distance
