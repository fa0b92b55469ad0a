"""Draws unlabelled photographs of a store beside renderings of products: docs/images/products-beside.png.

python -m bench.product_sheet --templates ICONS --photographs PHOTOS
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bench.paths import ROOT
from synthda.datasets.folders import list_photos
from synthda.datasets.photos import read_photo
from synthda.synth.products import Products
from synthda.synth.renderer import render_rows

COLUMNS, ROWS, SIDE = 8, 7, 64
GAP, HEADER = 16, 26
COLOURS = 128
"""Of the palette: the file is a third of what it would be in full colour."""


def photographs(folder: Path) -> NDArray[np.uint8]:
    """As many as the sheet shows, chosen by a permutation of their sorted paths; no label is read."""
    found = list_photos(folder)
    chosen = np.random.default_rng(1).permutation(len(found))[: ROWS * COLUMNS]
    return np.stack([read_photo(found[place], (SIDE, SIDE)) for place in chosen])


def renderings(templates: Path) -> NDArray[np.uint8]:
    """The first rows of a domain of the size that is generated, reduced."""
    _, images = render_rows(Products(templates=str(templates)), 0, ROWS * COLUMNS)
    return np.stack([np.asarray(Image.fromarray(image).resize((SIDE, SIDE))) for image in images])


def mosaic(images: NDArray[np.uint8]) -> Image.Image:
    """COLUMNS × ROWS images, white lines between them."""
    step = SIDE + 1
    sheet = np.full((ROWS * step - 1, COLUMNS * step - 1, 3), 255, np.uint8)
    for place, image in enumerate(images):
        top, left = place // COLUMNS * step, place % COLUMNS * step
        sheet[top : top + SIDE, left : left + SIDE] = image
    return Image.fromarray(sheet)


def draw(sides: dict[str, Image.Image]) -> Image.Image:
    """The mosaics side by side, their captions above."""
    width, height = next(iter(sides.values())).size
    sheet = Image.new("RGB", (2 * width + 3 * GAP, height + HEADER + GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for place, (caption, side) in enumerate(sides.items()):
        left = GAP + place * (width + GAP)
        pen.text((left, 5), caption, "black", font)
        sheet.paste(side, (left, HEADER))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--templates", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, required=True)
    arguments = parser.parse_args()
    shown = draw(
        {
            "photographs of a store, unlabelled": mosaic(photographs(arguments.photographs)),
            "products, seed 0, first rows": mosaic(renderings(arguments.templates)),
        }
    )
    out = ROOT / "docs" / "images" / "products-beside.png"
    shown.quantize(COLOURS, dither=Image.Dither.NONE).save(out, optimize=True)


if __name__ == "__main__":
    main()
