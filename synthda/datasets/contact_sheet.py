"""Contact sheets: many images on one page, each with its caption, to judge a domain or predictions at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from synthda.datasets.domain import UNLABELLED, Domain
from synthda.datasets.photos import read_photo, upright_shape
from synthda.errors import DataError
from synthda.manifest import written_then_named

SIDE = 96
"""Pixels of a tile's longer side."""
GAP = 10
CAPTION_GAP = 6
MARGIN = 20
CAPTION_POINTS = 14
TITLE_POINTS = 20
MOST_CLASS_COLUMNS = 16
"""Up to this many classes, each has its own column."""
COLUMNS = 12

PAPER = (255, 255, 255)
INK = (30, 30, 30)
FAINT = (225, 228, 232)
VERDICTS = {True: (20, 120, 60), False: (190, 30, 30), None: INK}
"""Colour of a caption: right, wrong, or unknown."""

Photo = NDArray[np.uint8]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class Tile:
    """An image (H, W, 3) uint8 of any size, its caption, and whether what the caption says is right."""

    image: Photo
    caption: str
    right: bool | None = None


def write_sheet(
    path: Path, tiles: Sequence[Tile | None], *, columns: int = COLUMNS, title: str = "", side: int = SIDE
) -> None:
    """Draw tiles, row by row, into a PNG; None leaves a place empty. `side` is their longer side, pixels.

    Raises:
        DataError: when there are no tiles.
        SynthdaError: when the file cannot be written.
    """
    sheet = draw_sheet(tiles, columns=columns, title=title, side=side)
    with written_then_named(path) as partial:
        sheet.save(partial, format="PNG")


def draw_sheet(
    tiles: Sequence[Tile | None], *, columns: int = COLUMNS, title: str = "", side: int = SIDE
) -> Image.Image:
    """The page itself; tiles keep their proportions, and small images are enlarged by whole factors."""
    if not any(tiles):
        raise DataError("There is no image to put on a contact sheet.")
    columns = min(columns, len(tiles))
    top = MARGIN + (TITLE_POINTS + 2 * GAP if title else 0)
    across, down = side + GAP, side + CAPTION_POINTS + CAPTION_GAP + GAP
    rows = -(-len(tiles) // columns)
    font, heading = _font(CAPTION_POINTS), _font(TITLE_POINTS)
    width = 2 * MARGIN + columns * across - GAP
    if title:
        width = max(width, 2 * MARGIN + min(900, round(heading.getlength(title)) + 1))
    sheet = Image.new("RGB", (width, top + rows * down - GAP + MARGIN), PAPER)
    pen = ImageDraw.Draw(sheet)
    if title:
        pen.text((MARGIN, MARGIN), _shortened(title, heading, width - 2 * MARGIN), fill=INK, font=heading)
    for place, tile in enumerate(tiles):
        left, upper = MARGIN + place % columns * across, top + place // columns * down
        if tile is None:
            pen.rectangle((left, upper, left + side - 1, upper + side - 1), outline=FAINT)
            continue
        image = _fitted(tile.image, side)
        sheet.paste(image, (left + (side - image.width) // 2, upper + side - image.height))
        caption = _shortened(tile.caption, font, across - 4)
        middle = left + (side - font.getlength(caption)) / 2
        pen.text((middle, upper + side + 3), caption, fill=VERDICTS[tile.right], font=font)
    return sheet


def tiles_of(domain: Domain, *, rows: int = 8, folder: Path | None = None) -> tuple[list[Tile | None], int]:
    """Tiles from all over a domain, and the number of columns to lay them in.

    With up to 16 classes, a column a class; with more, as many of each, in their order; without labels, evenly
    spaced.

    Args:
        domain: what to show.
        rows: how many rows of images.
        folder: where the domain's photographs lie, to be shown in their own proportions.
    """
    chosen, columns = _spread(domain, rows)
    return [None if row is None else _tile(domain, row, folder) for row in chosen], columns


def thumbnail(path: Path) -> Photo:
    """A photograph at a tile's size, in its own proportions."""
    height, width = upright_shape(path)
    scale = SIDE / max(height, width)
    return read_photo(path, (max(1, round(height * scale)), max(1, round(width * scale))))


def evenly(n: int, most: int) -> NDArray[np.int64]:
    """At most `most` of 0…n−1, evenly spaced, the first among them."""
    return np.arange(min(n, most), dtype=np.int64) * n // max(1, min(n, most))


def _spread(domain: Domain, rows: int) -> tuple[list[int | None], int]:
    present = np.unique(domain.labels).tolist() if domain.labelled else []
    if len(present) < 2:
        return evenly(len(domain), rows * COLUMNS).tolist(), COLUMNS
    by_class = [np.flatnonzero(domain.labels == label) for label in present]
    if len(present) > MOST_CLASS_COLUMNS:
        shown = [by_class[place] for place in evenly(len(present), rows * COLUMNS)]
        each = rows * COLUMNS // len(shown)
        return [row for members in shown for row in members[evenly(len(members), each)].tolist()], COLUMNS
    picked = [members[evenly(len(members), rows)].tolist() for members in by_class]
    return [row for across in zip_longest(*picked) for row in across], len(present)


def _tile(domain: Domain, row: int, folder: Path | None) -> Tile:
    path = None if domain.paths is None else domain.paths[row]
    label = int(domain.labels[row])
    caption = domain.classes[label] if label != UNLABELLED else Path(path).stem if path else str(row)
    if folder is not None and path is not None:
        return Tile(thumbnail(folder / path), caption)
    return Tile(domain.images.read(np.array([row], dtype=np.int64))[0], caption)


def _fitted(image: Photo, side: int) -> Image.Image:
    """The image with its longer side at most `side`; whole factors keep the pixels of small ones visible."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    how = Image.Resampling.BICUBIC
    if scale >= 2:
        scale, how = int(scale), Image.Resampling.NEAREST
    return Image.fromarray(image).resize((max(1, round(width * scale)), max(1, round(height * scale))), how)


def _shortened(text: str, font: Font, width: float) -> str:
    text = " ".join(text.split())
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


@cache
def _font(points: int) -> Font:
    """matplotlib's DejaVu Sans, for its many scripts, found without importing matplotlib; else Pillow's own."""
    spec = find_spec("matplotlib")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(place, "mpl-data", "fonts", "ttf", "DejaVuSans.ttf")
        if path.is_file():
            return ImageFont.truetype(str(path), points)
    return ImageFont.load_default(points)
