"""Draws docs/images/syn-numbers-beside-street-digits.png: photographs that adapt, beside as many renderings.

python -m bench.number_sheet --data DATA
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bench.paths import ROOT
from bench.photo_statistics import SIDE, street_photographs
from synthda.synth.renderer import render_rows
from synthda.synth.syn_numbers import SynNumbers

SHEET = ROOT / "docs" / "images" / "syn-numbers-beside-street-digits.png"
COLUMNS, ROWS, ZOOM = 9, 9, 2
GAP, HEADER = 24, 28
CAPTIONS = ("Photographs of street digits that adapt", "syn-numbers, seed 0, the first rows")


def mosaic(images: NDArray[np.uint8]) -> Image.Image:
    """COLUMNS × ROWS images, white lines between them."""
    side = SIDE + 1
    sheet = np.full((ROWS * side - 1, COLUMNS * side - 1, 3), 255, np.uint8)
    for place, image in enumerate(images[: ROWS * COLUMNS]):
        top, left = place // COLUMNS * side, place % COLUMNS * side
        sheet[top : top + SIDE, left : left + SIDE] = image
    return Image.fromarray(sheet).resize((sheet.shape[1] * ZOOM, sheet.shape[0] * ZOOM), Image.Resampling.NEAREST)


def draw(photographs: NDArray[np.uint8]) -> Image.Image:
    chosen = photographs[np.random.default_rng(0).permutation(len(photographs))]
    halves = [mosaic(chosen), mosaic(render_rows(SynNumbers(size=SIDE), 0, ROWS * COLUMNS)[1])]
    width, height = halves[0].size
    sheet = Image.new("RGB", (2 * width + 3 * GAP, height + HEADER + GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for place, (half, caption) in enumerate(zip(halves, CAPTIONS, strict=True)):
        left = GAP + place * (width + GAP)
        pen.text((left, 6), caption, "black", font)
        sheet.paste(half, (left, HEADER))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("SYNTHDA_DATA"))
    arguments = parser.parse_args()
    SHEET.parent.mkdir(parents=True, exist_ok=True)
    draw(street_photographs(arguments.data, SIDE)).save(SHEET, optimize=True)


if __name__ == "__main__":
    main()
