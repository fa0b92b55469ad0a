"""The fonts of this computer whose characters can be read, in an order that does not depend on where they lie."""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from synthda.errors import DataError
from synthda.manifest import sha256_of

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

DIGITS = "0123456789"

LARGEST_FILE = 24_000_000
"""Bytes; larger files are collections of East Asian glyphs, slow to open."""

MEASURED = 200
"""Points at which a face's characters are measured."""

UNFIT = re.compile(
    r"symbol|math|emoji|dingbat|wingding|webding|bar ?code|braille|last ?resort|icon|music|stixsiz|nonuni"
    r"|\bcm(sy|ex|mi)|d050000l|marlett",
    re.IGNORECASE,
)
"""Families whose digits, if any, are not what a sign or a house wears."""

UNREADABLE = (OSError, LookupError, TypeError, AssertionError, ValueError, AttributeError, struct.error, ImportError)
"""What opening a damaged font file raises, or a compressed one (WOFF2) without its decoder."""


@dataclass(frozen=True, order=True)
class Font:
    """One face, ordered by family and style so that lists of fonts are the same on each run."""

    family: str
    style: str
    sha256: str
    path: Path
    index: int = 0
    characters: str = DIGITS

    def __hash__(self) -> int:
        return hash((self.sha256, self.index))  # looked up for each glyph that is drawn

    @property
    def name(self) -> str:
        return f"{self.family} {self.style}"

    def mask(self, character: str, tall: int) -> NDArray[np.bool_]:
        """(H, W) ink of a character, scaled until the tallest of `characters` is `tall` pixels high."""
        return drawn(face_of_height(self, tall), character) >= 128


@dataclass(frozen=True)
class FontsFound:
    """What a search for fonts found.

    Attributes:
        faces: those that can be used, sorted by family, style and hash.
        skipped: one line per font file that could not be opened or drawn.
    """

    faces: tuple[Font, ...]
    skipped: tuple[str, ...]


def find_fonts(source: str = "system", characters: str = DIGITS) -> tuple[Font, ...]:
    """The faces in which all characters are there, visible and different, sorted by family, style and hash.

    Args:
        source: "system" for the system's (and Windows') font folders and matplotlib's own faces; "matplotlib" for
            the latter alone, the same in each installation; or a folder of font files.
        characters: what a face must have to be used.

    Raises:
        DataError: when no face can be used.
    """
    found = search_fonts(source, characters)
    if not found.faces:
        unreadable = f" ({len(found.skipped)} files could not be read)" if found.skipped else ""
        raise DataError(
            f"fonts={source} has no font with visible characters {characters[0]}…{characters[-1]}{unreadable}; give a "
            "folder of TrueType or OpenType fonts, system, or matplotlib."
        )
    return found.faces


@cache
def search_fonts(source: str = "system", characters: str = DIGITS) -> FontsFound:
    """As `find_fonts`, but with what could not be used, and without complaint when nothing was found."""
    faces: dict[tuple[str, str], Font] = {}
    skipped: list[str] = []
    seen: set[str] = set()
    for path in sorted(_files(source)):
        try:
            digest = sha256_of(path)
            opened = [] if digest in seen else _faces(path, digest, characters)
        except UNREADABLE as error:
            skipped.append(f"{path}: {str(error) or type(error).__name__}")
            continue
        seen.add(digest)
        for font in opened:
            known = faces.get((font.family, font.style))
            # Two versions of one face would be drawn twice as often: the lower hash stays.
            if known is None or font < known:
                faces[font.family, font.style] = font
    usable = []
    for font in sorted(faces.values()):
        try:
            usable += [font] if _is_clear(font) else []
        except (OSError, ValueError) as error:
            skipped.append(f"{font.path}: {error}")
    return FontsFound(tuple(usable), tuple(skipped))


def font_weights(fonts: tuple[Font, ...]) -> NDArray[np.float64]:
    """The chance of each face: a family's grows with the root of its number of faces, so that none drowns the rest."""
    families = [font.family for font in fonts]
    weights = np.array([families.count(family) ** -0.5 for family in families])
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


@lru_cache(maxsize=1024)
def face_of_height(font: Font, height: int) -> FreeTypeFont:
    """The face, scaled until the tallest of its characters is `height` pixels."""
    return _face_at(font, max(4, round(MEASURED * height / _tallest(font))))


@lru_cache(maxsize=2048)
def _tallest(font: Font) -> int:
    """Pixels that the face's tallest character takes at MEASURED points."""
    face = _face_at(font, MEASURED)
    return max(1, *(len(drawn(face, each)) for each in font.characters))


def _face_at(font: Font, points: int) -> FreeTypeFont:
    from PIL import ImageFont

    # BASIC layout: the same outlines with and without libraqm.
    return ImageFont.truetype(str(font.path), points, index=font.index, layout_engine=ImageFont.Layout.BASIC)


def drawn(face: FreeTypeFont, character: str) -> NDArray[np.uint8]:
    """(H, W) coverage of a character, 0…255, cut to its ink; (0, 0) where it has none."""
    from PIL import Image, ImageDraw

    left, top, right, bottom = map(math.floor, face.getbbox(character))  # of the ink and of the advance
    canvas = Image.new("L", (right - left + 2, bottom - top + 2))
    ImageDraw.Draw(canvas).text((1 - left, 1 - top), character, fill=255, font=face)
    coverage = np.asarray(canvas)
    rows, across = (np.flatnonzero((coverage >= 128).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return np.zeros((0, 0), np.uint8)
    return coverage[rows[0] : rows[-1] + 1, across[0] : across[-1] + 1]


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


def _faces(path: Path, digest: str, characters: str) -> list[Font]:
    """The faces of a font file whose character map has the characters; raises what is in UNREADABLE."""
    from fontTools.ttLib import TTCollection, TTFont, TTLibError

    with path.open("rb") as file:
        try:
            members = (
                TTCollection(file, lazy=True).fonts if path.suffix.lower() == ".ttc" else [TTFont(file, lazy=True)]
            )
            return [
                _face(member, path, index, digest, characters)
                for index, member in enumerate(members)
                if all(ord(each) in (member.getBestCmap() or ()) for each in characters)
            ]
        except TTLibError as error:
            raise ValueError(str(error)) from error


def _face(opened: Any, path: Path, index: int, digest: str, characters: str) -> Font:
    family, style = (opened["name"].getDebugName(which) or "" for which in (1, 2))
    return Font(family or path.stem, style or "Regular", digest, path, index, characters)


def _is_clear(font: Font) -> bool:
    """Whether the characters have ink, differ from each other, and stand about as tall as each other."""
    if UNFIT.search(f"{font.family} {font.path.stem}"):
        return False
    face = face_of_height(font, 24)
    masks = [drawn(face, each) for each in font.characters]
    heights = [len(mask) for mask in masks]
    return (
        min((mask >= 128).sum() for mask in masks) > 12
        and min(heights) > 0.6 * max(heights)
        and all(a.shape != b.shape or bool((a != b).any()) for a, b in combinations(masks, 2))
    )
