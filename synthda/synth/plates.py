"""Plates at the roadside: signs seen in space, their paint, what hides them, and the light that falls on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.synth import colours, noise, perspective
from synthda.synth.geometry import along
from synthda.synth.templates import Template

COLUMNS = {
    "neighbour": "i4",
    "neighbour_at": "f4",
    "fade": "f4",
    "vivid": "f4",
    "dirt": "f4",
    "dirt_fine": "f4",
    "bright": "f4",
    "backlight": "f4",
    "light": "f4",
    "light_angle": "f4",
    "shadow": "f4",
    "shadow_angle": "f4",
    "shadow_at": "f4",
    "shadow_soft": "f4",
    "occluder": "f4",
    "occluder_angle": "f4",
    "occluder_grey": "f4",
}
"""`neighbour` is a template's code or −1, `neighbour_at` where it stands: 0 above, 1 below. Fade and dirt are shares
of 1, `vivid` multiplies colour's distance from grey; `bright` and `backlight` are stops by which the sign and what is
behind it are lit; `light` is the share by which one side is lit less; a shadow's border has an angle in degrees, a
distance from the centre and a softness in fractions of the frame; `occluder` is the share of the frame's side that
something in front of it covers."""

NONE = -1
DIRT = 40
"""Salts 40…43 are dirt's and leaves'."""
LEAF = np.array([0.95, 1.0, 0.7], np.float32)[:, None, None]
"""Share of the occluder's grey in each channel."""
NEAREST = 0.1
"""Depth of a plate's nearest corner, as a share of the sign's distance, from which on it is seen."""
BESIDE = 1.06
"""Distance of a neighbouring sign's centre, in sides of the template."""


def seen(scenes: Scenes, templates: Sequence[Template], size: int) -> NDArray[np.float32]:
    """(n, 4, size, size): the sign, over its neighbour if it has one; colour multiplied by alpha."""
    pixels = np.empty((len(scenes), size, size, 4), np.uint8)
    covers = (scenes["scale"] * np.float32(size)).tolist()
    found = perspective.homographies(scenes, size)
    for row, (code, covered) in enumerate(zip(scenes["template"].tolist(), covers, strict=True)):
        pixels[row] = perspective.warped(templates[code], found[row], size, covered)
    signs = pixels.transpose(0, 3, 1, 2).astype(np.float32, order="C")
    beside = np.flatnonzero(scenes["neighbour"] != NONE)
    if len(beside):
        some = scenes[beside]
        found = perspective.homographies(some, size, (0.0, BESIDE * (2 * some["neighbour_at"] - 1)))
        for place, row in enumerate(beside.tolist()):
            if perspective.nearness(found[place]) < NEAREST:
                continue  # it stands beside the camera or behind it
            other = templates[some["neighbour"][place]]
            behind = perspective.warped(other, found[place], size, covers[row]).transpose(2, 0, 1)
            signs[row] += behind * (1 - signs[row, 3] * np.float32(1 / 255))
    return signs


def surface(sign: NDArray[np.float32], scenes: Scenes, size: int) -> NDArray[np.float32]:
    """(n, 3, size, size): the sign's paint faded, dirty and lit; still multiplied by its cover."""
    fade, vivid, bright = scenes["fade"][:, None, None], scenes["vivid"][:, None, None], gain(scenes["bright"])
    # Faded paint loses its colour, and its darkness: a fifth of what is left is the white of the sheet below.
    colour = vivid * (1 - fade)
    grey = sign[:, 0] * np.float32(colours.LUMA[0])
    for channel in (1, 2):
        grey += sign[:, channel] * np.float32(colours.LUMA[channel])
    grey *= 1 - np.float32(0.2) * fade - colour
    grey += np.float32(0.2) * fade * sign[:, 3]
    painted = sign[:, :3] * colour[:, None]
    painted += grey[:, None]
    painted *= bright
    np.maximum(painted, 0, out=painted)
    dirty = np.flatnonzero(scenes["dirt"])
    if len(dirty):
        some = scenes[dirty]
        patches = noise.fractal(some["noise_seed"], size, some["dirt_fine"], DIRT)
        painted[dirty] *= 1 - (some["dirt"][:, None, None] * np.clip(patches * np.float32(0.8), 0, 1))[:, None]
    return np.asarray(painted, np.float32)


def hide(images: NDArray[np.float32], scenes: Scenes, size: int) -> None:
    """Put what stands before the sign into the images: a leafy edge that reaches in from the rim."""
    hidden = np.flatnonzero(scenes["occluder"])
    if not len(hidden):
        return
    some = scenes[hidden]
    ragged = noise.smooth(some["noise_seed"], size, max(4, size // 6), DIRT + 3)
    reach = along(some["occluder_angle"], size) - 0.5 + some["occluder"][:, None, None]
    front = np.clip((reach + np.float32(0.05) * ragged) * np.float32(size), 0, 1)[:, None]
    leaf = LEAF * some["occluder_grey"][:, None, None, None]
    images[hidden] += front * (leaf * (1 + np.float32(0.25) * ragged[:, None]) - images[hidden])


def falling_light(scenes: Scenes, size: int) -> NDArray[np.float32]:
    """(n, size, size): light that falls off across the frame, and the border of a shadow."""
    across = along(scenes["light_angle"], size)
    light = 1 - scenes["light"][:, None, None] * (across * np.float32(0.7) + np.float32(0.5))
    shadowed = np.flatnonzero(scenes["shadow"])
    if len(shadowed):
        some = {name: scenes[name][shadowed, None, None] for name in ("shadow", "shadow_at", "shadow_soft")}
        beyond = along(scenes["shadow_angle"][shadowed], size) - some["shadow_at"]
        light[shadowed] *= 1 - some["shadow"] * np.clip(beyond / some["shadow_soft"] + np.float32(0.5), 0, 1)
    return np.asarray(light, np.float32)


def gain(exposure: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 1, 1, 1) gains from (n,) stops; in double precision, for all numbers of rows alike."""
    return np.exp2(exposure.astype(np.float64)).astype(np.float32)[:, None, None, None]
