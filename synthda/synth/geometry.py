"""Where each pixel of a frame looks: rotation, shear, stretch, perspective and wobble as one sampling map a row."""

from __future__ import annotations

from typing import Any

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


def look(scenes: Scenes, size: int, offset: Any = (0.0, 0.0)) -> Maps:
    """(n, size, size) x and y, in heights of the object from its centre, that each pixel of the frame shows.

    Args:
        scenes: with the columns of POSE.
        size: side of the frame, pixels.
        offset: moves the object by this fraction of the frame, x and y, each a number or (n,); for shadows.
    """
    pose = {name: scenes[name].astype(np.float64)[:, None, None] for name in POSE}
    at = (np.arange(size) + 0.5) / size - 0.5
    dx, dy = (np.asarray(part, dtype=np.float64).reshape(-1, 1, 1) for part in offset)
    x = at[None, None, :] - pose["shift_x"] - dx
    y = at[None, :, None] - pose["shift_y"] - dy
    nearer = 1 / (1 + pose["tilt_x"] * x + pose["tilt_y"] * y)
    x, y = x * nearer, y * nearer
    turn = np.deg2rad(pose["angle"])
    x, y = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    x = (x + pose["shear"] * y) / pose["aspect"]
    return (x / pose["scale"]).astype(np.float32), (y / pose["scale"]).astype(np.float32)


def pixels_per_height(scenes: Scenes, size: int) -> NDArray[np.float32]:
    """(n, 1, 1): how many pixels of the frame one height of the object takes, the mean of both directions."""
    pixels = scenes["scale"] * np.sqrt(scenes["aspect"]) * np.float32(size)
    return pixels.astype(np.float32)[:, None, None]


def sampled(field: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """One (H, W) field read at pixel coordinates x and y, linearly; its edge value lies all around it."""
    read: NDArray[np.float32] = cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return read
