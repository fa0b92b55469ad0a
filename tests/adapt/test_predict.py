"""Prediction: without torch, photograph by photograph, with what cannot be read told and left out."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from toy import CLASSES, domain, save_images

import synthda
from synthda.adapt.predict import BATCH, Classifier
from synthda.datasets.domain import in_memory
from synthda.errors import DataError

PROGRAM = """
import json, sys
sys.modules["torch"] = None  # an import of it fails
from pathlib import Path
from synthda.adapt.predict import Classifier
found = [(p.path.name, p.label, p.confidence) for p in Classifier(Path(sys.argv[1])).of_photos(Path(sys.argv[2]))]
print(json.dumps(found))
"""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A batch and a few photographs of the toy problem."""
    save_images(tmp_path / "photos", in_memory(domain(BATCH + 6, seed=4).images))
    return tmp_path / "photos"


def test_each_photograph_gets_its_class_in_the_order_of_the_paths(model: Path, photos: Path) -> None:
    classifier, labelled = Classifier(model), domain(BATCH + 6, seed=4)
    found = list(classifier.of_photos(photos))
    assert [prediction.path.name for prediction in found] == [f"{number:03}.png" for number in range(BATCH + 6)]
    chances = classifier.of_domain(labelled.images)
    assert [prediction.label for prediction in found] == [CLASSES[best] for best in chances.argmax(axis=1)]
    assert [prediction.confidence for prediction in found] == pytest.approx(chances.max(axis=1).tolist(), abs=1e-5)
    assert np.mean([p.label == CLASSES[label] for p, label in zip(found, labelled.labels, strict=True)]) > 0.9


def test_torch_is_not_needed(model: Path, photos: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(model), str(photos)],
        cwd=Path(synthda.__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    here = [[p.path.name, p.label, p.confidence] for p in Classifier(model).of_photos(photos)]
    assert json.loads(done.stdout) == here


def test_bad_files_among_good_ones_are_told_and_left_out(model: Path, photos: Path) -> None:
    good = {prediction.path: prediction for prediction in Classifier(model).of_photos(photos)}
    (photos / "000a.png").write_bytes(b"")
    (photos / "001a.jpg").write_bytes(b"no photograph")
    (photos / "002a.png").write_bytes((photos / "002.png").read_bytes()[:60])
    found = list(Classifier(model).of_photos(photos))
    bad = {prediction.path.name: prediction.error for prediction in found if prediction.error}
    assert sorted(bad) == ["000a.png", "001a.jpg", "002a.png"]
    assert "the file is empty" in bad["000a.png"]
    assert {prediction.path: prediction for prediction in found if not prediction.error} == good
    assert all(math.isnan(prediction.confidence) and not prediction.label for prediction in found if prediction.error)


def test_a_whole_batch_of_bad_files_stops_nothing(model: Path, photos: Path) -> None:
    for number in range(2 * BATCH):
        (photos / f"!{number:03}.png").write_bytes(b"")
    found = list(Classifier(model).of_photos(photos))
    assert sum(not prediction.error for prediction in found) == BATCH + 6
    assert len(found) == 3 * BATCH + 6


def test_bad_files_alone_are_an_error(model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"None of the 1 images in .* can be read"):
        list(Classifier(model).of_photos(tmp_path))


def test_a_folder_without_photographs_is_an_error(model: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("", encoding="utf-8")
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(DataError):
            list(Classifier(model).of_photos(folder))


def test_one_file_is_a_folder_of_one(model: Path, photos: Path) -> None:
    (found,) = Classifier(model).of_photos(photos / "003.png")
    assert found.path == photos / "003.png"
    assert 0.5 <= found.confidence <= 1
