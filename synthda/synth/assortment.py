"""Products to draw: a user's pictures, one or more a class, cut out, measured, and ready at every size."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from synthda.datasets.photos import READ_EXTENSIONS, PhotoError, read_rgba
from synthda.errors import DataError
from synthda.synth.cutouts import MatteError, bled, cut_out
from synthda.synth.renderer import steady
from synthda.synth.templates import named_files, rasterise
from synthda.wording import counted

TRANSPARENT = 128
"""Alpha below which a pixel is a sign of a matte: a few that are nearly opaque come from resizing."""
SIDE = 256
"""Longest side of a product in pixels; in frames above this size products are enlarged, and a little soft."""
WORKED = 400
"""Pictures are reduced to this longest side before they are cut out: GrabCut takes a tenth of a second then."""

ACCEPTED = "pictures (PNG with transparency, or on a plain background), each named for its class, or one folder a class"
MARGIN = 2
"""Transparent pixels around every image, so that warping never reads beyond it."""
STEP = 2**0.5
"""Images are kept at sides that differ by this factor, so that one is always near the size that is asked for."""
SMALLEST = 6
LEAST_PIXELS = 16
"""Of fewer, no shape and no direction can be told."""
RIM, RIM_LIGHT = 0.2, 0.5
"""Depth of a rim as a share of a product's width, and the light at its edge."""
SOFT_SIDE = 24
"""Longest side of the blurred outline that shadows are made of."""


@dataclass(frozen=True, eq=False)
class Picture:
    """An image that is drawn at any size: (H, W, 4) uint8, straight alpha, its colour continued over the rim."""

    image: NDArray[np.uint8]

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height in units of the longer side."""
        height, width = self.image.shape[:2]
        longer = max(height, width)
        return width / longer, height / longer

    @cached_property
    def levels(self) -> tuple[tuple[float, NDArray[np.uint8]], ...]:
        """Longer side in pixels and image with its margin, reduced by STEP again and again."""
        height, width = self.image.shape[:2]
        side = longer = float(max(height, width))
        levels: list[tuple[float, NDArray[np.uint8]]] = []
        while side >= SMALLEST or not levels:
            shape = max(1, round(width * side / longer)), max(1, round(height * side / longer))
            image = (
                self.image if shape == (width, height) else cv2.resize(self.image, shape, interpolation=cv2.INTER_AREA)
            )
            levels.append((side, _with_margin(np.asarray(image, np.uint8), MARGIN)))
            side /= STEP
        return tuple(levels)

    @cached_property
    def soft(self) -> tuple[float, NDArray[np.uint8]]:
        """The blurred outline: longer side in pixels without the margin of half of it, and the image."""
        height, width = self.image.shape[:2]
        side = SOFT_SIDE / max(height, width)
        shape = max(1, round(width * side)), max(1, round(height * side))
        alpha = cv2.resize(self.image[..., 3], shape, interpolation=cv2.INTER_AREA)
        padded = np.pad(alpha, SOFT_SIDE // 2)
        return float(SOFT_SIDE), np.asarray(cv2.GaussianBlur(padded, (0, 0), SOFT_SIDE / 10), np.uint8)


@dataclass(frozen=True, eq=False)
class Product(Picture):
    """One picture of one class, cut to its matte.

    `name` is the file's, below the folder that was loaded; `given` says whether its transparency was in the file.
    """

    name: str
    class_name: str
    sha256: str
    given: bool

    @cached_property
    def upright(self) -> float:
        """Share of its height at which it has nearly its full width: a disc .6, an upright pack .8 and more."""
        return float(self._wide.mean())

    @cached_property
    def footing(self) -> float:
        """Share of the lower half of its height at which it has nearly its full width: a disc .6, a bottle .92."""
        return float(self._wide[len(self._wide) // 2 :].mean())

    @cached_property
    def axes(self) -> tuple[float, float, float]:
        """Length along and across in units of the longer side, and degrees clockwise of its length.

        They are those of the ellipse with the same second moments.
        """
        y, x = np.nonzero(self.image[..., 3] > 127)
        spread, directions = np.linalg.eigh(np.cov(np.stack([x, y]).astype(np.float64)) + 1e-9 * np.eye(2))
        across, along = 4 * np.sqrt(spread) / max(self.image.shape[:2])
        angle = np.degrees(np.arctan2(directions[1, 1], directions[0, 1]))
        return float(along), float(max(across, 0.05)), float(angle % 180)

    @cached_property
    def rounded(self) -> Picture:
        """The picture as it looks among others: darker at its rim, where studios add light."""
        inside = cv2.copyMakeBorder(self.image[..., 3], 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0) > 127
        depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
        deep = RIM * self.axes[1] * max(self.image.shape[:2])
        light = RIM_LIGHT + (1 - RIM_LIGHT) * np.sqrt(np.minimum(depth / deep, 1))
        return Picture(np.dstack([(self.image[..., :3] * light[..., None]).astype(np.uint8), self.image[..., 3]]))

    @cached_property
    def _wide(self) -> NDArray[np.bool_]:
        """(H,) whether it has nearly its full width there."""
        widths = (self.image[..., 3] > 127).sum(axis=1)
        return np.asarray(widths >= 0.8 * np.percentile(widths, 90))

    @cached_property
    def colour(self) -> NDArray[np.float32]:
        """(3,) mean colour, levels."""
        return np.asarray(self.image[self.image[..., 3] > 127][:, :3].mean(axis=0), np.float32)


@cache
def load_products(folder: Path) -> tuple[Product, ...]:
    """The products of a folder, by class in natural order, then by file name; read and cut out once a process.

    Raises:
        DataError: for a folder that is missing, empty or of two layouts; for two files of one class side by side; for
            a picture that is damaged, or that leaves nothing or all of itself when it is cut out.
    """
    steady()
    products, faults = [], []
    for class_name, path in named_files(folder, READ_EXTENSIONS | {".svg"}, ACCEPTED):
        try:
            digest, image, given = _read(path)
        except DataError as error:
            faults.append((path, error))
            continue
        products.append(Product(image, path.relative_to(folder).as_posix(), class_name, digest, given))
    if len(faults) > 1:
        others = ", ".join(path.name for path, _ in faults[1:6]) + (" …" if len(faults) > 6 else "")
        raise DataError(f"{str(faults[0][1]).rstrip('.')} (so for {len(faults) - 1} more: {others}).")
    if faults:
        raise faults[0][1]
    return tuple(products)


def _read(path: Path) -> tuple[str, NDArray[np.uint8], bool]:
    """SHA-256 of a file, what is cut out of it, and whether its transparency was given."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unusable(path, error.strerror or "it cannot be read") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest not in _cut:
        _cut[digest] = _matte(path, content)
    return digest, *_cut[digest]


_cut: dict[str, tuple[NDArray[np.uint8], bool]] = {}
"""Of this process, by SHA-256 of the file: what was cut out of it, and whether its transparency was given."""


def _matte(path: Path, content: bytes) -> tuple[NDArray[np.uint8], bool]:
    """RGBA of a file cut to its matte, at most SIDE pixels, and whether the file brought its transparency."""
    if path.suffix.lower() == ".svg":
        rgba = rasterise(content, path)
    else:
        try:
            rgba = _reduced(read_rgba(path), WORKED)
        except PhotoError as error:
            raise _unusable(path, error.reason) from error
    given = bool((rgba[..., 3] < TRANSPARENT).any())
    try:
        rgba = _own_colours(rgba) if given else cut_out(np.ascontiguousarray(rgba[..., :3]))
    except MatteError as error:
        raise _unusable(path, str(error)) from error
    y, x = _seen(path, rgba)
    image = _reduced(rgba[y.min() : y.max() + 1, x.min() : x.max() + 1], SIDE)
    _seen(path, image)  # of thin or faint lines nothing may be left
    image.flags.writeable = False  # it is shared by all that load it
    return image, given


def _seen(path: Path, rgba: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the pixels that can be seen; raises DataError where they are too few."""
    y, x = np.nonzero(rgba[..., 3] > 127)
    if len(y) < LEAST_PIXELS:
        height, width = rgba.shape[:2]
        seen = f"{counted(len(y), 'pixel')} of it can be seen at {width} × {height}"
        raise _unusable(path, f"{seen}, and {LEAST_PIXELS} are needed")
    return y, x


def _own_colours(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Given transparency is taken as it is; only the colours of what cannot be seen are continued from inside."""
    kept = rgba[..., 3] > 127
    if not kept.any():
        raise MatteError("every pixel of it is transparent")
    hidden = bled(np.ascontiguousarray(rgba[..., :3]), kept, rgba[..., 3])
    visible = rgba[..., 3:] > 0
    return np.dstack([np.where(visible, rgba[..., :3], hidden), rgba[..., 3]])


def _reduced(rgba: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """At most `longest` pixels a side; Pillow resizes colour weighted by alpha."""
    height, width = rgba.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return rgba.copy()
    shape = max(1, round(width * scale)), max(1, round(height * scale))
    return np.array(Image.fromarray(rgba).resize(shape, Image.Resampling.LANCZOS))


def _with_margin(image: NDArray[np.uint8], margin: int) -> NDArray[np.uint8]:
    wide = cv2.copyMakeBorder(image, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    wide[:margin, :, 3] = wide[-margin:, :, 3] = 0
    wide[:, :margin, 3] = wide[:, -margin:, 3] = 0
    return np.asarray(wide, np.uint8)


def _unusable(path: Path, reason: str) -> DataError:
    return DataError(
        f"{path} cannot be used as a template: {reason}; correct it, or cut the product out by hand and save it as PNG "
        "with transparency."
    )
