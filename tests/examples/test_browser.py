"""`examples/browser` in a real browser: needs Chromium, npm, the extra `browser`, and `npm ci` in that folder."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.browser import chromium, lacking, served
from synthda.adapt.predict import Classifier
from synthda.datasets.photos import read_photo
from synthda.datasets.resize import Fit

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "browser"
INSTALLED = EXAMPLE / "node_modules" / "onnxruntime-web"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(lacking() is not None, reason=str(lacking())),
    pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm on the path"),
    pytest.mark.skipif(not INSTALLED.exists(), reason="needs onnxruntime-web: run `npm ci` in examples/browser"),
]
READ = """async ([content, height, width, fit]) => {
  const { read, rgb } = await import("./photograph.js");
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  return Array.from(rgb(await read(new Blob([bytes]), height, width, fit)));
}"""
RANK = """async ([model, images]) => {
  const { Classifier } = await import("./classifier.js");
  const classifier = await Classifier.open(new Uint8Array(await (await fetch(model)).arrayBuffer()));
  const all = [];
  for (const image of images) all.push(await classifier.rank(Uint8Array.from(image)));
  return all;
}"""


@pytest.fixture
def site(make_model: Callable[[str], Path], tmp_path: Path) -> Path:
    """A copy of the example, built for a model as its reader builds it."""
    folder = tmp_path / "site"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("node_modules", "vendor", "model.onnx"))
    (folder / "node_modules").symlink_to(EXAMPLE / "node_modules")
    build = ["npm", "run", "build", "--", str(make_model("pad"))]
    done = subprocess.run(build, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def page(site: Path) -> Iterator[Any]:
    """The page with its model loaded; at the end, nothing was complained of, and nothing asked of anybody else."""
    said: list[str] = []
    elsewhere: list[str] = []
    with served(site) as url, chromium() as browser:
        opened = browser.new_page()
        opened.on("console", lambda message: said.append(message.text))
        opened.on("pageerror", lambda error: said.append(str(error)))
        opened.on("request", lambda asked: asked.url.startswith((url, "blob:")) or elsewhere.append(asked.url))
        opened.goto(url)
        opened.wait_for_selector("body[data-state=ready]")
        yield opened
    assert (said, elsewhere) == ([], [])


def read_there(page: Any, path: Path, size: tuple[int, int], fit: Fit) -> NDArray[np.uint8]:
    content = base64.b64encode(path.read_bytes()).decode()
    return np.array(page.evaluate(READ, [content, *size, fit]), np.uint8).reshape(*size, 3)


def ranked_there(page: Any, model: str, images: NDArray[np.uint8], classes: tuple[str, ...]) -> NDArray[np.float32]:
    """Class probabilities (N, K) of images (N, H, W, 3) by a model beside the page."""
    found = page.evaluate(RANK, [model, images.reshape(len(images), -1).tolist()])
    chances = [{one["name"]: one["chance"] for one in ranked} for ranked in found]
    return np.array([[of[name] for name in classes] for of in chances], np.float32)


def shown(page: Any, photograph: Path) -> dict[str, float]:
    """Choose a photograph; the classes beside it with their percentages."""
    page.set_input_files("#photograph", photograph)
    page.wait_for_function("(name) => document.getElementById('photo').alt === name", arg=photograph.name)
    names, chances = (page.locator(f"#bars .{what}").all_text_contents() for what in ("name", "chance"))
    assert page.text_content("#answer") == names[0]
    return {name: float(chance.rstrip("%")) for name, chance in zip(names, chances, strict=True)}


def test_the_page_gives_the_answers_of_synthda_predict(page: Any, site: Path, photos: Path) -> None:
    classifier = Classifier(site / "model.onnx")
    for name in ("41x25.png", "turned-6.jpg", "transparent.png", "lossy.webp"):
        found = shown(page, photos / name)
        chances = classifier.probabilities(read_photo(photos / name, classifier.input_size, classifier.fit)[None])[0]
        expected = {kind: 100 * float(chance) for kind, chance in zip(classifier.classes, chances, strict=True)}
        assert found == pytest.approx(expected, abs=1), name
    assert "<b>pear</b>" in found, "names are text, not markup"
    assert page.text_content("#model") == "dann · 4 classes · 20 × 12 px"


@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
def test_photographs_are_read_as_synthda_reads_them(page: Any, photos: Path, fit: Fit) -> None:
    for path in sorted(photos.iterdir()):
        for size in ((12, 20), (64, 33)):
            found, expected = read_there(page, path, size, fit), read_photo(path, size, fit)
            apart = np.abs(found.astype(int) - expected)
            if path.name in ("cmyk.jpg", "large.jpg") or path.name.startswith("turned"):
                assert apart.mean() < 8, path.name  # another way of leaving detail out, or of mixing inks
            else:  # Pillow rounds after whichever of the two directions it resizes first
                assert apart.max() <= 8, path.name
                assert apart.mean() < 0.5, path.name


def test_by_keyboard_and_with_files_that_are_none(page: Any, site: Path, photos: Path, tmp_path: Path) -> None:
    page.on("filechooser", lambda chooser: None)  # choosers are waited for from here on, not only once one opens
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "change"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "choose"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(photos / "grey.jpg")
    page.wait_for_selector("body[data-state=shown]")
    (tmp_path / "notes.jpg").write_text("no photograph", encoding="utf-8")
    page.set_input_files("#photograph", tmp_path / "notes.jpg")
    page.wait_for_selector("#alert:has-text('notes.jpg cannot be read as a photograph')")
    (tmp_path / "other.onnx").write_text("no model", encoding="utf-8")
    page.set_input_files("#file-of-model", tmp_path / "other.onnx")
    page.wait_for_selector("#alert:has-text('not a model that synthda exported')")
    page.set_input_files("#file-of-model", site / "model.onnx")
    page.wait_for_selector("body[data-state=ready]")
    assert (page.text_content("#alert"), page.text_content("#answer")) == ("", "Nothing yet")
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("network", "given"), [("conv-small", {}), ("backbone", {"model": "squeezenet1_1"})])
def test_exported_networks_run_in_the_browser_in_floats_and_in_8_bits(
    page: Any, site: Path, network: str, given: dict[str, str]
) -> None:
    from toy import CLASSES, domain

    from synthda.adapt.blueprint import Blueprint
    from synthda.adapt.export import export_onnx
    from synthda.adapt.int8 import quantise
    from synthda.datasets.resize import resized

    weights = {"weights": "none"} if network == "backbone" else {}
    plan = Blueprint.of("dann", network, CLASSES, given=given | weights, input_size=(32, 32))
    images = resized(domain(256), (32, 32)).images
    export_onnx(plan.build(), images, site / "float.onnx", classes=CLASSES, fit="stretch", facts={})
    some = images.read(np.arange(12))
    quantise(site / "float.onnx", site / "int8.onnx", some)
    for name, tolerance in {"float.onnx": 1e-5, "int8.onnx": 0.02}.items():
        expected = Classifier(site / name).probabilities(some)
        np.testing.assert_allclose(ranked_there(page, name, some, CLASSES), expected, atol=tolerance)
