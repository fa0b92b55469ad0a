"""Structured clutter behind characters: edges, bars, rims, slats, bricks, screws, characters of other lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.synth import backgrounds, colours
from synthda.synth.geometry import along
from synthda.synth.lettering import Face, glyph

KINDS = ("none", "edge", "bar", "rim", "slats", "bricks", "screws", "character")
EMPTY, EDGE, BAR, RIM, SLATS, BRICKS, SCREWS, CHARACTER = range(8)
SHARES = (0.18, 0.14, 0.17, 0.12, 0.09, 0.1, 0.2)
"""How often each kind but none is drawn, where there is clutter."""

COLUMNS = {
    "clutter": "i4",
    "clutter_angle": "f4",
    "clutter_at": "f4",
    "clutter_width": "f4",
    "clutter_period": "f4",
    "clutter_soft": "f4",
    "clutter_shadow": "f4",
    "clutter_character": "i4",
    "clutter_font": "i4",
    **{f"clutter_{channel}": "u1" for channel in "rgb"},
}
"""Kind; direction in degrees; distance from the frame's centre, width and period as fractions of the frame (a period
is a character's height); share of a pixel's step by which a border is sharp; darkness of the shadow that the clutter
throws; codes of a character and its face, or −1; colour."""

THICKNESS = 0.09
"""How far a shadow reaches, fraction of the frame."""


def tables(characters: str, faces: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """What the codes of the choice columns mean."""
    return {"clutter": KINDS, "clutter_character": tuple(characters), "clutter_font": tuple(faces)}


def sample(
    rng: np.random.Generator,
    scenes: Scenes,
    *,
    share: float,
    room: NDArray[np.float64],
    characters: int,
    chances: NDArray[np.float64],
    saturation: float,
) -> None:
    """Fill the columns of the clutter; the ground's colour must be there.

    Args:
        rng: of the block.
        scenes: with the columns `ground_*` and COLUMNS.
        share: of images that have clutter.
        room: (n,) levels between the object's luminance and the ground's; what crosses the object uses half of it up.
        characters: how many there are.
        chances: of each face.
        saturation: of the clutter's colour, 0…1.
    """
    n = len(scenes)
    kind = np.where(rng.random(n) < share, 1 + rng.choice(len(SHARES), size=n, p=SHARES), EMPTY)
    scenes["clutter"] = kind
    # Edges keep to the directions of the characters: signs are rectangles.
    scenes["clutter_angle"] = 90 * rng.integers(4, size=n) + rng.normal(0, 8, n)
    scenes["clutter_at"] = rng.uniform(0.1, 0.5, n)
    scenes["clutter_width"] = rng.uniform(0.03, 0.2, n)
    scenes["clutter_period"] = rng.uniform(0.25, 0.7, n)
    scenes["clutter_soft"] = rng.uniform(0.3, 1, n)
    scenes["clutter_shadow"] = rng.uniform(0.1, 0.7, n) * (rng.random(n) < 0.4) * (kind != EMPTY)
    scenes["clutter_character"] = np.where(kind == CHARACTER, rng.integers(characters, size=n), -1)
    scenes["clutter_font"] = np.where(kind == CHARACTER, rng.choice(len(chances), size=n, p=chances), -1)
    _sample_colour(rng, scenes, room, saturation)


def _sample_colour(rng: np.random.Generator, scenes: Scenes, room: NDArray[np.float64], saturation: float) -> None:
    """Any colour at the frame's rim; what crosses the object has one close to the ground's luminance."""
    n = len(scenes)
    kind = scenes["clutter"]
    ground = colours.luminance(backgrounds.colour(scenes, "ground")[:, :, 0, 0])
    close = np.clip(ground + 0.5 * room * rng.uniform(-1, 1, n), 3, 252)
    beyond = (scenes["clutter_at"] > 0.36) & ((kind == EDGE) | (kind == BAR))
    at_the_rim = beyond | (kind == RIM) | (kind == SCREWS) | (kind == CHARACTER)
    luma = np.where(at_the_rim, rng.uniform(5, 250, n), close)
    colour = colours.coloured(luma, colours.hues(rng, n), saturation * rng.random(n) ** 2)
    for position, channel in enumerate("rgb"):
        scenes[f"clutter_{channel}"] = colour[:, position]


def paint(images: NDArray[np.float32], scenes: Scenes, faces: Sequence[Face], characters: str) -> None:
    """Paint each row's clutter over the (n, 3, H, W) images, under what it may throw a shadow on."""
    size = images.shape[-1]
    for kind, distance in DISTANCES.items():
        rows = np.flatnonzero(scenes["clutter"] == kind)
        if len(rows):
            _lay(images, rows, scenes[rows], distance(scenes[rows], size))
    drawn = (scenes["clutter_character"] >= 0) & (scenes["clutter_font"] >= 0)
    rows = np.flatnonzero((scenes["clutter"] == CHARACTER) & drawn)
    if len(rows):
        _lay(images, rows, scenes[rows], _characters(scenes[rows], size, faces, characters))


def _lay(images: NDArray[np.float32], rows: NDArray[np.intp], scenes: Scenes, inside: NDArray[np.float32]) -> None:
    """`inside` is the distance from the border in frames, positive in the clutter."""
    pixels = inside * np.float32(images.shape[-1])
    if scenes["clutter_shadow"].any():
        reach = np.clip(1 + inside / np.float32(THICKNESS), 0, 1) * (inside < 0)
        images[rows] *= (1 - scenes["clutter_shadow"][:, None, None] * reach)[:, None]
    cover = np.clip(pixels * scenes["clutter_soft"][:, None, None] + np.float32(0.5), 0, 1)[:, None]
    images[rows] += cover * (backgrounds.colour(scenes, "clutter") - images[rows])


def _edge(scenes: Scenes, size: int) -> NDArray[np.float32]:
    return np.asarray(along(scenes["clutter_angle"], size) - scenes["clutter_at"][:, None, None])


def _bar(scenes: Scenes, size: int) -> NDArray[np.float32]:
    return np.asarray(scenes["clutter_width"][:, None, None] / 2 - np.abs(_edge(scenes, size)))


def _rim(scenes: Scenes, size: int) -> NDArray[np.float32]:
    """What lies outside of a square, as round a plate, never nearer than the frame's rim."""
    x, y = _axes(scenes, size)
    half = np.maximum(scenes["clutter_at"], np.float32(0.4))[:, None, None]
    return np.asarray(np.maximum(np.abs(x), np.abs(y)) - half)


def _slats(scenes: Scenes, size: int) -> NDArray[np.float32]:
    """Joints between boards or slats, a period apart."""
    return np.asarray(_joint(scenes) - _nearest(_edge(scenes, size), scenes["clutter_period"][:, None, None]))


def _bricks(scenes: Scenes, size: int) -> NDArray[np.float32]:
    """Joints between bricks, each course shifted by half a brick."""
    x, y = _axes(scenes, size)
    long = scenes["clutter_period"][:, None, None]
    tall = long * np.float32(0.45)
    y = y - scenes["clutter_at"][:, None, None]
    course = np.floor(y / tall)
    level = _nearest(y, tall)
    upright = _nearest(x + course % 2 * long / 2, long)
    return np.asarray(_joint(scenes) - np.minimum(level, upright))


def _screws(scenes: Scenes, size: int) -> NDArray[np.float32]:
    """Two heads on opposite sides of the characters."""
    x, y = _axes(scenes, size)
    at = np.maximum(scenes["clutter_at"], np.float32(0.36))[:, None, None]
    radius = np.float32(0.03) + scenes["clutter_width"][:, None, None] / 3
    return np.asarray(radius - np.sqrt((np.abs(x) - at) ** 2 + y**2))


def _joint(scenes: Scenes) -> NDArray[np.float32]:
    """Half of a joint's width."""
    return np.asarray(np.float32(0.01) + scenes["clutter_width"][:, None, None] / 8)


def _nearest(at: NDArray[np.float32], period: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance from the nearest multiple of the period."""
    return np.asarray(np.abs(at - period * np.rint(at / period)))


def _axes(scenes: Scenes, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    angle = scenes["clutter_angle"]
    return along(angle, size), along(angle + np.float32(90), size)


def _characters(scenes: Scenes, size: int, faces: Sequence[Face], characters: str) -> NDArray[np.float32]:
    """They stand upright with their middles near the frame's rim, in the clutter's direction."""
    height = 40
    turn = np.deg2rad(scenes["clutter_angle"].astype(np.float64))
    away = 0.45 + scenes["clutter_at"].astype(np.float64) / 2
    tall = scenes["clutter_period"].astype(np.float64)
    step = height / (tall * size)  # of the field, for one pixel of the frame
    left, top = ((0.5 / size - 0.5 - away * part) * (height / tall) for part in (np.cos(turn), np.sin(turn)))
    inside = np.empty((len(scenes), size, size), np.float32)
    codes = zip(scenes["clutter_font"].tolist(), scenes["clutter_character"].tolist(), strict=True)
    for row, (font, code) in enumerate(codes):
        drawn = glyph(faces[font], characters[code], height)
        across, down = drawn.centre
        seen = np.array([[step[row], 0, left[row] + across], [0, step[row], top[row] + down]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(drawn.field, seen, (size, size), inside[row], flags, cv2.BORDER_REPLICATE)
    inside *= (tall / height).astype(np.float32)[:, None, None]
    return inside


DISTANCES: Mapping[int, Callable[[Scenes, int], NDArray[np.float32]]] = {
    EDGE: _edge,
    BAR: _bar,
    RIM: _rim,
    SLATS: _slats,
    BRICKS: _bricks,
    SCREWS: _screws,
}
"""Distance from the border of each kind in frames, positive inside: (n, size, size)."""
