"""Draws docs/images/signs-beside-gtsrb.png: each of the package's signs beside photographs of its class.

python -m bench.sign_sheet --data DATA

For looking only: photographs are cropped by the annotated region, and come from tracks that do not evaluate.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bench.paths import ROOT
from synthda.datasets import gtsrb
from synthda.synth.templates import Template, load_templates

EVAL_TRACKS = Path(__file__).with_name("splits") / "gtsrb_eval_tracks.txt"
SHEET = ROOT / "docs" / "images" / "signs-beside-gtsrb.png"
CAPTION = (
    "In each row: the sign at 64 px on mid grey · the same at 32 px · mean photograph · one clear photograph. "
    "GTSRB, tracks that do not evaluate,\ncropped by the annotated region (for looking only), 32 px. "
    "The mean is over the half of the frames with most contrast, each brought to one brightness and contrast."
)

LARGE, SMALL = 64, 32
COLUMNS = 4
GAP, LABEL, HEADER = 14, 16, 44
GREY = 128

Photos = NDArray[np.uint8]


def on_grey(template: Template, side: int) -> Image.Image:
    ground = Image.new("RGBA", template.image.shape[1::-1], (GREY, GREY, GREY, 255))
    laid = Image.alpha_composite(ground, Image.fromarray(template.image))
    return laid.convert("RGB").resize((side, side), Image.Resampling.BOX)


def photographs(data: Path) -> list[Photos]:
    """The photographs of each class (N, SMALL, SMALL, 3), without the tracks that evaluate."""
    domain = gtsrb.read(data, "train-roi", (SMALL, SMALL))
    held_out = set(EVAL_TRACKS.read_text(encoding="utf-8").split())
    assert domain.paths is not None
    tracks = [path.rpartition("_")[0] for path in domain.paths]
    assert held_out <= set(tracks), "the committed split does not fit the data"
    kept = np.array([track not in held_out for track in tracks])
    images = domain.images.read(np.arange(len(tracks)))
    return [images[kept & (domain.labels == label)] for label in range(len(gtsrb.CLASSES))]


def mean_and_clearest(photos: Photos) -> tuple[Image.Image, Image.Image]:
    """The mean of the half with most contrast, and of the tenth with most contrast the photograph closest to it."""
    pixels = photos.astype(np.float32)
    contrast = pixels.std(axis=(1, 2, 3))
    order = np.argsort(-contrast, kind="stable")
    level = (pixels - pixels.mean(axis=(1, 2, 3), keepdims=True)) / np.maximum(contrast, 1)[:, None, None, None]
    mean = level[order[: len(order) // 2]].mean(axis=0)
    best = order[: len(order) // 10]
    clearest = best[int(np.argmax((level[best] * mean).sum(axis=(1, 2, 3))))]
    shown = np.clip(GREY + 70 * mean, 0, 255).astype(np.uint8)
    return Image.fromarray(shown), Image.fromarray(photos[clearest])


def draw(templates: tuple[Template, ...], photos: list[Photos]) -> Image.Image:
    rows = -(-len(templates) // COLUMNS)
    width, height = 4 * LARGE + GAP, LARGE + LABEL + GAP // 2
    sheet = Image.new("RGB", (COLUMNS * width + GAP, HEADER + rows * height + GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    pen.text((GAP, 8), CAPTION, "black", font)
    for number, (template, name) in enumerate(zip(templates, gtsrb.SIGN_NAMES, strict=True)):
        left, top = GAP + number % COLUMNS * width, HEADER + number // COLUMNS * height
        pen.text((left, top), f"{number} {name}", "black", font)
        shown = (on_grey(template, LARGE), on_grey(template, SMALL), *mean_and_clearest(photos[number]))
        for place, picture in enumerate(shown):
            sheet.paste(picture.resize((LARGE, LARGE), Image.Resampling.NEAREST), (left + place * LARGE, top + LABEL))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("SYNTHDA_DATA"))
    arguments = parser.parse_args()
    SHEET.parent.mkdir(parents=True, exist_ok=True)
    draw(load_templates(), photographs(arguments.data)).save(SHEET, optimize=True)


if __name__ == "__main__":
    main()
