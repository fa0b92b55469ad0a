"""What stands behind a sign at the roadside: sky, foliage, walls or a photograph; poles and neighbouring plates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.synth import colours, noise
from synthda.synth.geometry import along
from synthda.synth.photographs import Photographs, crop, zooms

KINDS = ("flat", "sky", "foliage", "wall", "street", "photograph")
FLAT, SKY, FOLIAGE, WALL, STREET, PHOTOGRAPH = range(6)
SHARES = (0.08, 0.16, 0.38, 0.16, 0.22)
"""How often each kind but photographs is drawn: most signs stand before trees."""

COLUMNS = {
    "background": "i4",
    **{f"{part}_{channel}": "u1" for part in ("ground", "second") for channel in "rgb"},
    "relief": "f4",
    "grain": "f4",
    "split_at": "f4",
    "split_angle": "f4",
    "photo": "i4",
    "photo_x": "f4",
    "photo_y": "f4",
    "photo_zoom": "f4",
    "pole": "f4",
    "pole_grey": "f4",
}
"""Two colours; how strongly they mix, 0…1, and how fine the mixture is, 0…1; a straight border between them at a
distance (fractions of the frame) in a direction (degrees); a photograph's code or −1, place of its crop as fractions
of the room there is and side of the crop in frames; width of a pole as a fraction of the frame, and its grey level."""

SALT = 60
"""Salts 60…63 are the scenery's."""


def tables(photographs: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """What the codes of the choice columns mean."""
    return {"background": KINDS, "photo": tuple(photographs)}


def sample(
    rng: np.random.Generator,
    scenes: Scenes,
    *,
    photographs: Photographs | None,
    size: int,
    plain: float,
    pole: float,
) -> None:
    """Fill the columns of the scenery.

    Args:
        rng: of the block.
        scenes: with COLUMNS.
        photographs: half of the backgrounds are some of these, where there are any.
        size: of the frame, pixels.
        plain: share of backgrounds that are of one flat colour whatever else is drawn.
        pole: share of signs on a visible pole.
    """
    n, count = len(scenes), len(photographs) if photographs else 1
    kind = rng.choice(5, size=n, p=SHARES)
    if photographs:
        kind = np.where(rng.random(n) < 0.5, PHOTOGRAPH, kind)
    kind = np.where(rng.random(n) < plain, FLAT, kind)
    scenes["background"] = kind
    first, second = _palette(rng, kind)
    for position, channel in enumerate("rgb"):
        scenes[f"ground_{channel}"] = first[:, position]
        scenes[f"second_{channel}"] = second[:, position]
    scenes["relief"] = rng.uniform(0.3, 1, n)
    scenes["grain"] = rng.random(n)
    scenes["split_at"] = rng.uniform(-0.5, 0.5, n)
    scenes["split_angle"] = 90 * rng.integers(4, size=n) + rng.normal(0, 8, n)
    scenes["photo"] = np.where(kind == PHOTOGRAPH, rng.integers(count, size=n), -1)
    scenes["photo_x"], scenes["photo_y"] = rng.random((2, n))
    scenes["photo_zoom"] = zooms(rng.uniform(1, 4, n), scenes["photo"], photographs, size)
    scenes["pole"] = rng.uniform(0.04, 0.12, n) * (rng.random(n) < pole)
    scenes["pole_grey"] = rng.uniform(30, 190, n)


def paint(scenes: Scenes, size: int, photographs: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """(n, 3, size, size) float32 backgrounds, levels, a plane a channel; draws nothing."""
    ground, second = (
        np.stack([scenes[f"{part}_{channel}"] for channel in "rgb"], axis=1).astype(np.float32)[:, :, None, None]
        for part in ("ground", "second")
    )
    images = ground + _mixture(scenes, size)[:, None] * (second - ground)
    for row in np.flatnonzero((scenes["background"] == PHOTOGRAPH) & (scenes["photo"] >= 0)).tolist():
        images[row] = crop(photographs[scenes["photo"][row]], scenes[row], size).transpose(2, 0, 1)
    for row in np.flatnonzero(scenes["pole"]).tolist():
        _stand(images[row], scenes[row], size)
    return images


def _palette(rng: np.random.Generator, kind: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Two (n, 3) colours for each kind of scenery, in daylight."""
    n = len(kind)
    sky = colours.coloured(rng.uniform(150, 255, n), rng.uniform(0.54, 0.64, n), 0.5 * rng.random(n) ** 2)
    cloud = colours.coloured(rng.uniform(200, 255, n), rng.uniform(0.5, 0.7, n), 0.15 * rng.random(n))
    # Leaves from autumn's brown to green, and the dark between them; at times the sky shows there.
    leaf = colours.coloured(rng.uniform(40, 150, n), rng.uniform(0.07, 0.3, n), 0.6 * rng.random(n))
    dark = colours.coloured(rng.uniform(3, 60, n), rng.uniform(0.05, 0.5, n), 0.4 * rng.random(n))
    shade = np.where(rng.random((n, 1)) < 0.2, sky, dark)
    wall = colours.coloured(rng.uniform(30, 210, n), colours.hues(rng, n), 0.3 * rng.random(n) ** 2)
    other = colours.coloured(rng.uniform(5, 245, n), colours.hues(rng, n), 0.5 * rng.random(n) ** 3)
    choices = np.stack([wall, sky, leaf, wall, other]), np.stack([wall, cloud, shade, other, wall])
    which = np.minimum(kind, STREET)
    return choices[0][which, np.arange(n)], choices[1][which, np.arange(n)]


def _mixture(scenes: Scenes, size: int) -> NDArray[np.float32]:
    """(n, size, size) share of the second colour: foliage is spotted, skies run, walls and streets have borders."""
    share = np.zeros((len(scenes), size, size), np.float32)
    for kinds, mixed in (((FOLIAGE,), _spotted), ((SKY,), _running), ((WALL, STREET), _bordered)):
        rows = np.flatnonzero(np.isin(scenes["background"], kinds))
        if len(rows):
            share[rows] = np.clip(mixed(scenes[rows], size), 0, 1)
    return share


def _spotted(scenes: Scenes, size: int) -> NDArray[np.float32]:
    seeds, relief, grain = scenes["noise_seed"], scenes["relief"][:, None, None], scenes["grain"][:, None, None]
    field = noise.smooth(seeds, size, max(5, size // 6), SALT)
    field += (np.float32(0.3) + grain) * noise.smooth(seeds, size, max(8, size // 2), SALT + 1)
    field += np.float32(0.5) * noise.smooth(seeds, size, 3, SALT + 2)
    return np.asarray(np.float32(0.5) + np.float32(0.55) * relief * field, np.float32)


def _running(scenes: Scenes, size: int) -> NDArray[np.float32]:
    relief = scenes["relief"][:, None, None]
    cloudy = noise.smooth(scenes["noise_seed"], size, 4, SALT)
    return np.asarray(np.float32(0.5) + relief * (along(scenes["split_angle"], size) + np.float32(0.25) * cloudy))


def _bordered(scenes: Scenes, size: int) -> NDArray[np.float32]:
    seeds, relief, grain = scenes["noise_seed"], scenes["relief"][:, None, None], scenes["grain"][:, None, None]
    across = along(scenes["split_angle"], size) - scenes["split_at"][:, None, None]
    border = np.clip(across * np.float32(size / 2) + np.float32(0.5), 0, 1)
    rough = noise.smooth(seeds, size, 4, SALT) + grain * noise.smooth(seeds, size, max(6, size // 4), SALT + 1)
    return np.asarray(border + np.float32(0.2) * relief * rough)


def _stand(image: NDArray[np.float32], scene: np.void, size: int) -> None:
    """Put a pole from the frame's middle down into the (3, size, size) image, lit as a cylinder is."""
    centre = (0.5 + float(scene["shift_x"])) * size
    half = max(0.5, float(scene["pole"]) * size / 2)
    first, last = max(0, int(centre - half)), min(size, int(centre + half) + 1)
    across = (np.arange(first, last) + 0.5 - centre) / half
    round_ = (0.55 + 0.45 * np.sqrt(np.clip(1 - across**2, 0, 1))).astype(np.float32)
    image[:, size // 2 :, first:last] = round_ * np.float32(scene["pole_grey"])
