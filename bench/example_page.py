"""The page of examples/browser against `Classifier` on the same photographs, in Chromium: pixels, classes, chances.

npm ci && npm run build -- MODEL.onnx   (in examples/browser)
python -m bench.example_page PHOTOS [--pictures PHOTOGRAPH]
"""

from __future__ import annotations

import argparse
import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.browser import chromium, save_jpeg, served
from bench.machine import machine
from bench.paths import RESULTS, ROOT
from synthda.adapt.predict import Classifier
from synthda.datasets.folders import list_photos
from synthda.datasets.packed import PackedPhoto
from synthda.datasets.photos import read_photo
from synthda.manifest import write_json

SITE = ROOT / "examples" / "browser"
IMAGES = ROOT / "docs" / "images"
LARGER = 4
"""Photographs are read as they are and, to be like those of phones, this many times as large."""

ANSWER = """async ([content, byCanvas]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const { read, rgb } = await import("./photograph.js");
  const { Classifier } = await import("./classifier.js");
  window.known ??= await Classifier.open(new Uint8Array(await (await fetch("model.onnx")).arrayBuffer()));
  const { width, height, fit } = window.known;
  let image;
  if (byCanvas) {
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(await createImageBitmap(new Blob([bytes])), 0, 0, width, height);
    image = context.getImageData(0, 0, width, height);
  } else {
    image = await read(new Blob([bytes]), height, width, fit);
  }
  const found = await window.known.rank(rgb(image));
  return [Array.from(rgb(image)), Object.fromEntries(found.map(({ name, chance }) => [name, chance]))];
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="a folder of JPEGs; the model's fit is to be stretch")
    parser.add_argument("--pictures", type=Path, metavar="PHOTOGRAPH", help="only take the pictures of the docs")
    given = parser.parse_args()
    with served(SITE) as url, chromium() as browser:
        if given.pictures:
            take_pictures(browser, url, given.pictures)
            return
        page = opened_page(browser, url)
        photos = list_photos(given.photos)
        metadata = Classifier(SITE / "model.onnx").metadata
        as_they_are = [path.read_bytes() for path in photos]
        content = {
            "machine": machine("playwright"),
            "chromium": browser.version,
            "photographs": len(photos),
            "model": {name: metadata[name] for name in ("method", "network", "steps", "input_size", "fit", "manifest")},
            "page": compared(page, as_they_are),
            "page, larger": compared(page, [enlarged(file) for file in as_they_are]),
            "canvas": compared(page, as_they_are, by_canvas=True),
        }
    write_json(RESULTS / "browser.json", content)


def compared(page: Any, files: list[bytes], *, by_canvas: bool = False) -> dict[str, float]:
    """How far the page's pixels (levels of 255) and answers are from those of `Classifier`, over all files."""
    classifier = Classifier(SITE / "model.onnx")
    pixels, chances, same = [], [], 0
    for file in files:
        expected = read_photo(PackedPhoto("photo.jpg", file), classifier.input_size, classifier.fit)
        found, by_name = page.evaluate(ANSWER, [base64.b64encode(file).decode(), by_canvas])
        there: NDArray[np.float64] = np.array([by_name[name] for name in classifier.classes])
        here = classifier.probabilities(expected[np.newaxis])[0]
        pixels.append(np.abs(np.array(found).reshape(expected.shape) - expected).mean())
        chances.append(np.abs(there - here).max())
        same += int(there.argmax() == here.argmax())
    return {
        "same_class": same / len(files),
        "mean_difference_of_pixels": float(np.mean(pixels)),
        "mean_largest_difference_of_chances": float(np.mean(chances)),
        "largest_difference_of_chances": float(np.max(chances)),
    }


def enlarged(file: bytes) -> bytes:
    with Image.open(io.BytesIO(file)) as image:
        larger = image.convert("RGB").resize((LARGER * image.width, LARGER * image.height), Image.Resampling.BICUBIC)
    saved = io.BytesIO()
    larger.save(saved, "JPEG", quality=90)
    return saved.getvalue()


def opened_page(browser: Any, url: str, **how: object) -> Any:
    page = browser.new_page(**how)
    page.on("console", lambda message: print(f"the page says: {message.text}"))
    page.goto(url)
    page.wait_for_selector("body[data-state=ready]")
    return page


def take_pictures(browser: Any, url: str, photograph: Path) -> None:
    for scheme in ("light", "dark"):
        page = opened_page(browser, url, viewport={"width": 1120, "height": 700}, color_scheme=scheme)
        page.set_input_files("#photograph", photograph)
        page.wait_for_selector("body[data-state=shown]")
        save_jpeg(page, IMAGES / f"browser-{scheme}.jpg")


if __name__ == "__main__":
    main()
