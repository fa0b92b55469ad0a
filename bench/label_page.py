"""The pictures of the labelling page in the docs: Chromium labels photographs by their names, by keyboard."""

from __future__ import annotations

import argparse
import re
import tempfile
import threading
from pathlib import Path
from typing import Any

from bench.browser import chromium, save_jpeg
from bench.paths import ROOT
from synthda.adapt.labelling.desk import Desk
from synthda.adapt.labelling.queues import Photograph, gather
from synthda.adapt.labelling.server import LabelServer
from synthda.adapt.predict import Classifier
from synthda.datasets.label_journal import Journal

IMAGES = ROOT / "docs" / "images"
BEFORE = {"measure": 12, "teach": 3}
"""Photographs that are labelled before a picture is taken."""
SEEN = "() => document.querySelector('#photo:not(.loading, [hidden])')?.naturalWidth > 0"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="a run with a model.onnx")
    parser.add_argument("photos", type=Path, help="photographs called CLASS_NUMBER.jpg")
    given = parser.parse_args()
    classifier, (photographs, _) = Classifier(given.run / "model.onnx"), gather(given.photos)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "labels.jsonl"
        with Journal(file, given.photos, classifier.classes) as journal:
            desk = Desk(given.photos, photographs, classifier, journal)
            desk.suggestions.start()
            desk.suggestions.join()
            with LabelServer(desk) as server:
                threading.Thread(target=server.serve_forever, daemon=True).start()
                take_pictures(server.url, photographs)
                server.shutdown()


def take_pictures(url: str, photographs: dict[str, Photograph]) -> None:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1120, "height": 700}, color_scheme="dark")
        page.on("console", lambda message: print(f"the page says: {message.text}"))
        page.goto(url)
        label(page, photographs, BEFORE["measure"])
        page.keyboard.type(shown(page, photographs).split("-")[-1].lower()[:5])
        save_jpeg(page, IMAGES / "labelling-measure.jpg")
        page.keyboard.press("Escape")
        page.emulate_media(color_scheme="light")
        page.click("button.queue[data-queue=teach]")
        page.wait_for_function("() => document.body.dataset.queue === 'teach'")
        label(page, photographs, BEFORE["teach"])
        shown(page, photographs)
        save_jpeg(page, IMAGES / "labelling-teach.jpg")


def shown(page: Any, photographs: dict[str, Photograph]) -> str:
    """The class of the photograph on the page, by its name."""
    page.wait_for_function(SEEN)
    content = page.get_attribute("#photo", "src").rpartition("/")[2]
    return re.sub(r"_\d+\..*$", "", photographs[content].names[0])


def label(page: Any, photographs: dict[str, Photograph], count: int) -> None:
    for _ in range(count):
        page.keyboard.type(shown(page, photographs).replace("-", " "))
        before = page.get_attribute("#photo", "src")
        page.keyboard.press("Enter")
        page.wait_for_function("(src) => document.getElementById('photo').getAttribute('src') !== src", arg=before)


if __name__ == "__main__":
    main()
