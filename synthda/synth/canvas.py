"""A frame onto which pictures are pasted: warped, lit, with their shadow, blended so that the seam teaches nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.synth.assortment import Picture

BLENDS = ("hard", "soft", "gaussian", "motion", "membrane")
HARD, SOFT, GAUSSIAN, MOTION, MEMBRANE = range(5)

SHARPNESS = 1.15
"""A picture is warped from at least this many times the pixels that it will cover."""
SEEN = 10
"""Pixels of a frame of 128 from which on a picture's own shadow and relief can be seen."""
NEAREST = 0.1
"""Least depth of a corner, as a share of the camera's distance, at which a picture is drawn."""
DECOR = -1
"""Code of what is no product: tags, rims, hands."""
MOST_MEMBRANE = 0.4
"""Share of the difference of colour at the rim that membrane blending takes away; all of it would repaint packs."""

Box = tuple[int, int, int, int]


class Piece(NamedTuple):
    """One picture to be pasted.

    `matrix` (3, 3) leads from the picture's plane, whose unit is its longer side and whose origin its centre, to
    pixels. `gain` multiplies each channel; `relief` is the share by which the side away from the light is darker;
    `shadow` the darkness of what falls on the ground; `code` the place in the list of products, or DECOR.
    """

    picture: Picture
    matrix: NDArray[np.float64]
    gain: NDArray[np.float32]
    relief: float = 0.0
    shadow: float = 0.0
    code: int = DECOR


@dataclass(eq=False)
class Canvas:
    """A square frame.

    Attributes:
        pixels: (size, size, 3) float32, levels.
        owners: (size, size) int32, the place in `pasted` of what is seen at each pixel; DECOR for what is no product.
        pasted: the code of each product that was pasted, in that order.
        towards: direction, in pixels' axes, in which shadows fall.
        blend: code in BLENDS, with `seam`, its width in pixels.
    """

    pixels: NDArray[np.float32]
    towards: tuple[float, float] = (0.0, 1.0)
    blend: int = SOFT
    seam: float = 1.0
    owners: NDArray[np.int32] = field(init=False)
    pasted: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.owners = np.full(self.pixels.shape[:2], DECOR, np.int32)

    @property
    def size(self) -> int:
        return len(self.pixels)

    def paste(self, piece: Piece) -> None:
        """Put a picture and the shadow that it casts onto the frame."""
        picture, matrix = piece.picture, piece.matrix
        covers = _covers(matrix)
        box = _box(matrix, picture.extent, self.size, 2)
        if box is None or covers < 1:
            return
        large = covers * 128 > SEEN * self.size
        if piece.shadow > 0 and large:
            self._shade(piece, covers)
        longer, image = _level(picture, covers)
        patch = _warped(image, longer, matrix, box)
        left, top, right, bottom = box
        below = self.pixels[top:bottom, left:right]
        alpha = self._alpha(patch[..., 3])
        # Scaled by its own gains, and by a ramp across it that is brightest towards the light.
        opaque = cv2.cvtColor(patch, cv2.COLOR_RGBA2RGB)
        colour = np.asarray(cv2.multiply(opaque, np.append(piece.gain, 0.0), dtype=cv2.CV_32F), np.float32)
        if piece.relief and large:
            colour *= thrice(self._ramp(matrix, covers, box, piece.relief))
        if self.blend == MEMBRANE:
            colour += _membrane(below - colour, alpha)
        colour -= below
        colour *= thrice(alpha)
        below += colour
        self._own(alpha > 0.5, box, piece.code)

    def forget(self) -> None:
        """What has been drawn so far is background: none of it is a product of the scene."""
        self.owners[:] = DECOR
        self.pasted.clear()

    def cover(self, colour: NDArray[np.float32], alpha: NDArray[np.float32]) -> None:
        """Lay décor over the whole frame: (size, size, 3) or (3,) colour with a (size, size) alpha."""
        self.pixels += thrice(alpha) * (colour - self.pixels)
        self.owners[alpha > 0.5] = DECOR

    def polygon(self, corners: NDArray[np.float64], colour: NDArray[np.float32]) -> None:
        """Fill a convex polygon of (n, 2) pixel coordinates with one colour."""
        low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 1, 0)
        high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 2, self.size)
        if (low >= high).any():
            return
        mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        # Corners far outside would overflow the fixed point of eight bits.
        points = np.clip((corners - low) * 256, -(2**24), 2**24).astype(np.int32)
        cv2.fillConvexPoly(mask, points, 255, cv2.LINE_AA, 8)
        part = slice(low[1], high[1]), slice(low[0], high[0])
        self.pixels[part] += thrice(mask * np.float32(1 / 255)) * (colour - self.pixels[part])
        self.owners[part][mask > 127] = DECOR

    def _own(self, seen: NDArray[np.bool_], box: Box, code: int) -> None:
        left, top, right, bottom = box
        self.owners[top:bottom, left:right][seen] = DECOR if code == DECOR else len(self.pasted)
        if code != DECOR:
            self.pasted.append(code)

    def _shade(self, piece: Piece, covers: float) -> None:
        longer, soft = piece.picture.soft
        moved = piece.matrix.copy()
        moved[:2] += 0.07 * covers * np.array(self.towards)[:, None] * moved[2]
        width, height = piece.picture.extent
        box = _box(moved, (width + 0.4, height + 0.4), self.size, 0)
        if box is None:
            return
        left, top, right, bottom = box
        dark = _warped(soft, longer, moved, box) * np.float32(-piece.shadow / 255)
        dark += 1
        self.pixels[top:bottom, left:right] *= thrice(dark)

    def _ramp(self, matrix: NDArray[np.float64], covers: float, box: Box, relief: float) -> NDArray[np.float32]:
        centre = matrix[:2, 2] / matrix[2, 2]
        step = np.float32(-2 * relief / covers)
        x = (np.arange(box[0], box[2], dtype=np.float32) - np.float32(centre[0])) * (step * self.towards[0])
        y = (np.arange(box[1], box[3], dtype=np.float32) - np.float32(centre[1])) * (step * self.towards[1])
        return np.clip(x[None, :] + (y + np.float32(1))[:, None], 0.2, 1.8)

    def _alpha(self, alpha: NDArray[np.uint8]) -> NDArray[np.float32]:
        if self.blend == HARD:
            return (alpha > 127).astype(np.float32)
        if self.blend == GAUSSIAN:
            alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), self.seam), np.uint8)
        elif self.blend == MOTION:
            alpha = np.asarray(cv2.blur(alpha, (1 + 2 * round(self.seam), 1)), np.uint8)
        return alpha * np.float32(1 / 255)


def thrice(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, 3): a plane for each channel; broadcasting a last axis of one would take three times as long."""
    return np.asarray(cv2.merge((plane, plane, plane)), np.float32)


def _membrane(difference: NDArray[np.float32], alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """The smoothest field with the given differences at the matte's rim: what Poisson blending adds to a picture.

    Blending gradients is adding the harmonic interpolant of the difference along the seam (Pérez et al. 2003; Farbman
    et al. 2009). Here it is interpolated by averages over ever larger windows, at a third to a fifth of the cost of
    `cv2.seamlessClone`, which solves for it.
    """
    inside = (alpha > 0.5).astype(np.uint8)
    rim = cv2.dilate(inside, np.ones((3, 3), np.uint8)) - cv2.erode(inside, np.ones((3, 3), np.uint8))
    weight = rim.astype(np.float32)
    known = np.dstack([difference * weight[..., None], weight])
    total = known
    reach = 2
    while reach < 2 * max(alpha.shape):
        coarse = cv2.blur(known, (2 * reach + 1, 2 * reach + 1), borderType=cv2.BORDER_CONSTANT)
        total = total + coarse * np.float32(1 / reach)
        reach *= 2
    field_ = total[..., :3] / np.maximum(total[..., 3:], np.float32(1e-6))
    return np.float32(MOST_MEMBRANE) * np.asarray(field_, np.float32)


def _covers(matrix: NDArray[np.float64]) -> float:
    """Pixels that the unit of a picture's plane takes at its centre, the mean of both directions."""
    (a, b, c), (d, e, f), (g, h, depth) = matrix.tolist()
    if depth <= 0:
        return 0.0
    x, y = c / depth, f / depth
    area = float((a - x * g) * (e - y * h) - (b - x * h) * (d - y * g))
    return math.sqrt(abs(area)) / float(depth)


def _box(matrix: NDArray[np.float64], extent: tuple[float, float], size: int, margin: int) -> Box | None:
    """The part of the frame, left, top, right, bottom, that a picture can touch; None where it is not seen."""
    half_x, half_y = extent[0] / 2, extent[1] / 2
    (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()
    xs, ys = [], []
    for x, y in ((-half_x, -half_y), (half_x, -half_y), (half_x, half_y), (-half_x, half_y)):
        depth = g * x + h * y + i
        if depth < NEAREST:
            return None
        xs.append((a * x + b * y + c) / depth)
        ys.append((d * x + e * y + f) / depth)
    left, right = max(0, int(min(xs)) - margin), min(size, int(max(xs)) + margin + 2)
    top, bottom = max(0, int(min(ys)) - margin), min(size, int(max(ys)) + margin + 2)
    return (left, top, right, bottom) if left < right and top < bottom else None


def _level(picture: Picture, covers: float) -> tuple[float, NDArray[np.uint8]]:
    """The smallest image of a picture that is large enough."""
    chosen = picture.levels[0]
    for level in picture.levels:
        if level[0] < SHARPNESS * covers:
            break
        chosen = level
    return chosen


def _warped(image: NDArray[np.uint8], longer: float, matrix: NDArray[np.float64], box: Box) -> NDArray[np.uint8]:
    """The part of the frame in `box` of an image seen through a matrix."""
    height, width = image.shape[:2]
    to_plane = np.array(
        [[1 / longer, 0, -(width - 1) / 2 / longer], [0, 1 / longer, -(height - 1) / 2 / longer], [0, 0, 1]]
    )
    seen = matrix @ to_plane
    left, top, right, bottom = box
    seen[0] -= left * seen[2]
    seen[1] -= top * seen[2]
    shape = right - left, bottom - top
    if seen[2, 0] == 0 and seen[2, 1] == 0:
        return np.asarray(cv2.warpAffine(image, seen[:2] / seen[2, 2], shape, flags=cv2.INTER_LINEAR), np.uint8)
    return np.asarray(cv2.warpPerspective(image, seen, shape, flags=cv2.INTER_LINEAR), np.uint8)
