"""Prediction: without torch, photograph by photograph, with what cannot be read told and left out."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from toy import CLASSES, domain, save_images

import synthda
from synthda.adapt import predict
from synthda.adapt.predict import BATCH, Classifier, in_threads
from synthda.datasets import boxes
from synthda.datasets.domain import ArrayImages, in_memory
from synthda.errors import DataError, SettingError

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
    with pytest.raises(DataError, match=r"None of the images in .* \(1 tried\).*The first: .*the file is empty"):
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


def test_the_answers_do_not_depend_on_the_number_of_threads(model: Path, photos: Path) -> None:
    (photos / "001a.jpg").write_bytes(b"no photograph")
    images = domain(70, seed=5).images
    shown = [[repr(one) for one in Classifier(model, threads=n).of_photos(photos)] for n in (1, 2, 5)]
    assert shown[0] == shown[1] == shown[2]
    chances = [Classifier(model, threads=n).of_domain(images) for n in (1, 3)]
    np.testing.assert_array_equal(*chances)


def test_threads_run_ahead_by_a_few_items_in_order() -> None:
    begun: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            begun.append(item)
            yield item

    found = in_threads(lambda item: item * item, items(), threads=3)
    assert [next(found) for _ in range(5)] == [0, 1, 4, 9, 16]
    assert len(begun) <= 5 + 2 * 3
    assert list(found) == [item * item for item in range(5, 100)]


@pytest.mark.parametrize("end", [KeyboardInterrupt, GeneratorExit], ids=["Ctrl-C", "seen enough"])
def test_a_stop_leaves_the_rest_undecoded_and_no_thread_behind(
    model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, end: type[BaseException]
) -> None:
    decoded: list[str] = []

    def read(path: Path, *how: object) -> np.ndarray:
        decoded.append(path.name)
        return np.zeros((16, 16, 3), np.uint8)

    monkeypatch.setattr(predict, "read_photo", read)
    for number in range(20 * BATCH):
        (photos / f"x{number:03}.png").write_bytes(b"")
    before = threading.active_count()
    found = Classifier(model, threads=2).of_photos(photos)
    next(found)
    with pytest.raises(end):
        found.throw(end)  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert len(decoded) <= (1 + 2 * 2 + 2) * BATCH


def test_what_fails_in_a_thread_reaches_the_caller(model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(predict, "read_photo", broken)
    with pytest.raises(MemoryError, match="no room"):
        list(Classifier(model).of_photos(photos))


def test_a_photograph_is_decoded_once_for_all_its_boxes(
    model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []
    real = boxes.read_upright

    def read(path: Path) -> object:
        decoded.append(path.name)
        return real(path)

    monkeypatch.setattr(boxes, "read_upright", read)
    whole = (0.0, 0.0, 16.0, 16.0)
    asked = [boxes.Boxed(photos / f"{number:03}.png", (whole,) * 20) for number in range(6)]
    found = [list(Classifier(model, threads=n).of_boxes(asked)) for n in (1, 3)]
    assert sorted(decoded) == sorted(2 * [one.path.name for one in asked])
    assert repr(found[0]) == repr(found[1])
    alone = [one for one in Classifier(model).of_photos(photos) if one.path.name < "006.png"]
    assert [one.label for one in found[0][::20]] == [one.label for one in alone]
    assert [one.box for one in found[0]] == [whole] * 120


def test_of_no_images_there_is_nothing_to_say(model: Path) -> None:
    classifier = Classifier(model)
    none = np.empty((0, *classifier.input_size, 3), np.uint8)
    chances, features = classifier.probabilities_and_features(none)
    assert chances.shape == classifier.probabilities(none).shape == (0, len(CLASSES))
    assert features.shape == (0, classifier.feature_dim)
    assert classifier.of_domain(ArrayImages(none)).shape == (0, len(CLASSES))


def test_no_threads_are_refused(model: Path) -> None:
    with pytest.raises(SettingError, match="0 threads cannot work; give 1 or more"):
        Classifier(model, threads=0)
