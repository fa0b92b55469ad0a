"""Draws photographs that adapt beside as many renderings: docs/images/beside-numbers.png, docs/images/beside-signs.png.

python -m bench.beside numbers --data DATA
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bench.adapt_photographs import Sides, arguments_of
from bench.paths import ROOT

COLUMNS, ROWS, ZOOM = 9, 12, 2
GAP, HEADER = 24, 28


def mosaic(images: NDArray[np.uint8]) -> Image.Image:
    """COLUMNS × ROWS images, white lines between them."""
    side = images.shape[1] + 1
    sheet = np.full((ROWS * side - 1, COLUMNS * side - 1, 3), 255, np.uint8)
    for place, image in enumerate(images[: ROWS * COLUMNS]):
        top, left = place // COLUMNS * side, place % COLUMNS * side
        sheet[top : top + side - 1, left : left + side - 1] = image
    return Image.fromarray(sheet).resize((sheet.shape[1] * ZOOM, sheet.shape[0] * ZOOM), Image.Resampling.NEAREST)


def draw(sides: Sides) -> Image.Image:
    photographs = sides.photographs()
    chosen = photographs[np.random.default_rng(0).permutation(len(photographs))]
    halves = [mosaic(chosen), mosaic(sides.renderings(ROWS * COLUMNS))]
    captions = [f"{sides.pair['target']}: photographs that adapt", f"{sides.rendered['renderer']}, seed 0, first rows"]
    width, height = halves[0].size
    sheet = Image.new("RGB", (2 * width + 3 * GAP, height + HEADER + GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for place, (half, caption) in enumerate(zip(halves, captions, strict=True)):
        left = GAP + place * (width + GAP)
        pen.text((left, 6), caption, "black", font)
        sheet.paste(half, (left, HEADER))
    return sheet


def main() -> None:
    arguments = arguments_of(__doc__).parse_args()
    out = ROOT / "docs" / "images" / f"beside-{arguments.which}.png"
    draw(Sides(arguments.which, arguments.data)).save(out, optimize=True)


if __name__ == "__main__":
    main()
