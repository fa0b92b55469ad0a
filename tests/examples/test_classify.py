"""`examples/classify.py` answers as `synthda predict` does, and needs nothing of synthda."""

from __future__ import annotations

import ast
import csv
import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synthda.adapt.predict import Classifier
from synthda.datasets.folders import list_photos
from synthda.datasets.photos import read_photo
from synthda.datasets.resize import Fit

PROGRAM = Path(__file__).parent.parent.parent / "examples" / "classify.py"


def test_three_libraries_are_enough() -> None:
    tree = ast.parse(PROGRAM.read_text(encoding="utf-8"))
    named = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    named |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert named - set(sys.stdlib_module_names) == {"numpy", "onnxruntime", "PIL"}


@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
def test_photographs_are_read_as_synthda_reads_them(photos: Path, fit: Fit) -> None:
    classify = importlib.import_module("classify")
    for path in list_photos(photos):
        for size in ((12, 20), (64, 33)):
            with Image.open(path) as image:
                found = classify.pixels_of(image, *size, fit)
            np.testing.assert_array_equal(found, read_photo(path, size, fit), err_msg=path.name)


@pytest.mark.parametrize("photometric", [0, 1])
def test_sixteen_bits_of_which_0_is_white_are_read_as_synthda_reads_them(tmp_path: Path, photometric: int) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (40, 30), dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / "a.tif", tiffinfo={262: photometric, 274: 3})
    with Image.open(tmp_path / "a.tif") as image:
        found = importlib.import_module("classify").pixels_of(image, 30, 40, "stretch")
    np.testing.assert_array_equal(found, read_photo(tmp_path / "a.tif", (30, 40)))


def test_it_gives_the_answers_of_synthda_predict(make_model: Callable[[str], Path], photos: Path) -> None:
    model = make_model("pad")
    paths = list_photos(photos)
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(model), *map(str, paths)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found = [
        (Path(path), name, confidence) for path, name, confidence in csv.reader(done.stdout.splitlines(), "excel-tab")
    ]
    expected = list(Classifier(model).of_photos(photos))
    assert [(path, name) for path, name, _ in found] == [(one.path, one.label) for one in expected]
    assert {name for _, name, _ in found} != {expected[0].label}, "the photographs are told apart"
    # A sum over a batch of photographs may be added in another order than over one.
    assert [float(said) for *_, said in found] == pytest.approx([one.confidence for one in expected], abs=2e-6)


def test_it_skips_what_synthda_predict_skips_and_says_so(make_model: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    grey = Image.new("L", (9, 7), 90)
    grey.save(folder / "a.png")
    grey.convert("F").save(folder / "float.tif")
    Image.fromarray(np.full((7, 9), 70_000, np.int32)).save(folder / "deep.tif")
    grey.convert("RGB").save(folder / "other.jpg", format="TGA")
    (folder / "damaged.jpg").write_bytes(b"no photograph")
    paths = list_photos(folder)
    model = make_model("pad")
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(model), *map(str, paths)], capture_output=True, text=True, timeout=60
    )
    read = [found.path for found in Classifier(model).of_photos(folder) if not found.error]
    assert done.returncode == 0, done.stderr
    assert [Path(line.split("\t")[0]) for line in done.stdout.splitlines()] == read == [folder / "a.png"]
    assert [line.partition(" is skipped: ")[0] for line in done.stderr.splitlines()] == [
        str(path) for path in paths if path not in read
    ]
