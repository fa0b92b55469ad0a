"""Fonts with readable digits, and their glyphs as signed distance fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.errors import DataError
from synthda.manifest import sha256_of

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

DIGITS = "0123456789"

LARGEST_FILE = 24_000_000
"""Bytes; larger files are collections of East Asian glyphs, slow to open."""

UNFIT = re.compile(
    r"symbol|math|emoji|dingbat|wingding|webding|bar ?code|braille|last ?resort|stixsiz|nonuni|icon|music|\bcm(sy|ex|mi)",
    re.IGNORECASE,
)
"""Families whose digits, if any, are not what a sign or a house wears."""


@dataclass(frozen=True, order=True)
class Font:
    """One face, ordered by family and style so that lists of fonts are the same on each run."""

    family: str
    style: str
    sha256: str
    path: Path
    index: int = 0

    @property
    def name(self) -> str:
        return f"{self.family} {self.style}"


@dataclass(frozen=True, eq=False)
class Glyph:
    """A digit as a signed distance field.

    Attributes:
        field: (H, W) float32, pixels from the outline, positive in the ink; `pad` pixels lie around the ink.
        width: of the ink, pixels.
        height: of the ink, pixels.
        pad: margin on each side, pixels.
    """

    field: NDArray[np.float32]
    width: float
    height: float
    pad: int


@cache
def find_fonts(source: str = "system") -> tuple[Font, ...]:
    """The faces whose ten digits are all there, visible and different, sorted by family, style and hash.

    Args:
        source: "system" for the system's (and Windows') font folders and matplotlib's own faces; "matplotlib" for
            the latter alone, the same in each installation; or a folder of font files.

    Raises:
        DataError: when no face can be used.
    """
    faces: dict[tuple[str, str], Font] = {}
    seen: set[str] = set()
    for path in sorted(_files(source)):
        digest = sha256_of(path)
        if digest in seen:
            continue
        seen.add(digest)
        for font in _faces(path, digest):
            known = faces.get((font.family, font.style))
            # Two versions of one face would be drawn twice as often: the lower hash stays.
            if known is None or font < known:
                faces[font.family, font.style] = font
    fonts = tuple(sorted(font for font in faces.values() if _digits_are_clear(font)))
    if not fonts:
        raise DataError(
            f"fonts={source} has no font with visible digits; give a folder of TrueType or OpenType fonts, system, "
            "or matplotlib."
        )
    return fonts


def font_weights(fonts: tuple[Font, ...]) -> NDArray[np.float64]:
    """The chance of each face: a family's grows with the root of its number of faces, so that none drowns the rest."""
    families = [font.family for font in fonts]
    weights = np.array([1 / np.sqrt(families.count(family)) for family in families])
    return weights / weights.sum()


@lru_cache(maxsize=8192)
def glyph(font: Font, character: str, height: int) -> Glyph:
    """The signed distance field of a character, in a face scaled until its tallest digit is `height` pixels.

    Drawn three times as large and reduced by averaging, so that outlines lie between pixels. At most 110 MB are kept.
    """
    from PIL import Image, ImageDraw

    oversample = 3
    pad = int(np.ceil(0.35 * height))
    face = _face_of_height(font, height * oversample)
    left, top, right, bottom = face.getbbox(character)
    width, tall = -(-int(right - left) // oversample), -(-int(bottom - top) // oversample)
    canvas = Image.new("L", ((width + 2 * pad) * oversample, (tall + 2 * pad) * oversample))
    corner = (pad * oversample - left, pad * oversample - top)
    ImageDraw.Draw(canvas).text(corner, character, fill=255, font=face)
    ink = (np.asarray(canvas) >= 128).astype(np.uint8)
    inside = cv2.distanceTransform(ink, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform(1 - ink, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    size = (width + 2 * pad, tall + 2 * pad)
    field = cv2.resize(inside - outside, size, interpolation=cv2.INTER_AREA) / np.float32(oversample)
    return Glyph(field.astype(np.float32), (right - left) / oversample, (bottom - top) / oversample, pad)


@lru_cache(maxsize=1024)
def _face_of_height(font: Font, height: int) -> FreeTypeFont:
    from PIL import ImageFont

    # BASIC layout: the same outlines with and without libraqm.
    def at(points: int) -> FreeTypeFont:
        return ImageFont.truetype(str(font.path), points, index=font.index, layout_engine=ImageFont.Layout.BASIC)

    boxes = [at(200).getbbox(digit) for digit in DIGITS]
    points = max(4, round(200 * height / max(1.0, max(box[3] - box[1] for box in boxes))))
    return at(points)


def _files(source: str) -> set[Path]:
    import matplotlib
    from matplotlib.font_manager import findSystemFonts

    bundled = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    if source in ("system", "matplotlib"):
        system = findSystemFonts() if source == "system" else []
        found = {Path(name) for name in system} | set(bundled.glob("*.ttf"))
    else:
        folder = Path(source)
        if not folder.is_dir():
            raise DataError(f"There is no folder {folder}; fonts accepts a folder of fonts, system, or matplotlib.")
        found = set(folder.rglob("*"))
    suffixes = {".ttf", ".otf", ".ttc"}
    return {
        path
        for path in found
        if path.suffix.lower() in suffixes and path.is_file() and path.stat().st_size <= LARGEST_FILE
    }


def _faces(path: Path, digest: str) -> list[Font]:
    """The faces of a font file whose character map has 0–9; none when the file cannot be read."""
    from fontTools.ttLib import TTCollection, TTFont, TTLibError

    try:
        opened = TTCollection(path, lazy=True).fonts if path.suffix.lower() == ".ttc" else [TTFont(path, lazy=True)]
        faces = []
        for index, face in enumerate(opened):
            family, style = (face["name"].getDebugName(which) or "" for which in (1, 2))
            if not UNFIT.search(f"{family} {path.stem}") and all(ord(digit) in face.getBestCmap() for digit in DIGITS):
                faces.append(Font(family, style, digest, path, index))
        return faces
    except (TTLibError, OSError, KeyError, TypeError, AssertionError, ValueError):
        return []


def _digits_are_clear(font: Font) -> bool:
    """Whether the ten digits have ink, differ from each other, and stand about as tall as each other."""
    try:
        face = _face_of_height(font, 24)
        masks = [face.getmask(digit, mode="L") for digit in DIGITS]
        boxes = [face.getbbox(digit) for digit in DIGITS]
    except (OSError, ValueError):
        return False
    inked = [(mask.size, bytes(mask)) for mask in masks]
    heights = [box[3] - box[1] for box in boxes]
    return (
        all(size[0] > 1 and sum(value > 127 for value in data) > 12 for size, data in inked)
        and all(a != b for a, b in combinations(inked, 2))
        and min(heights) > 0.6 * max(heights)
    )
