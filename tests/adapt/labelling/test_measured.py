"""The score from a person's labels: counted by hand, on the photographs that measure alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from labelling_session import Brightness
from PIL import Image

from synthda.adapt.data import open_data
from synthda.adapt.labelling.measured import Share, measure, measured, widest
from synthda.datasets.label_file import Decision
from synthda.datasets.label_journal import Journal
from synthda.errors import DataError
from synthda.manifest import sha256_of

DARK, BRIGHT = Brightness.classes


def labelled(tmp_path: Path, *lines: tuple[int, str, str | None]) -> Path:
    """Photographs of one grey each, with queue and label."""
    (tmp_path / "photos").mkdir(exist_ok=True)
    with Journal(tmp_path / "labels.jsonl", tmp_path / "photos", Brightness.classes) as journal:
        for grey, queue, label in lines:
            path = tmp_path / "photos" / f"{grey:03d}.png"
            Image.new("RGB", (16, 16), (grey,) * 3).save(path)
            journal.decide(Decision(sha256_of(path), path.name, queue, label))  # type: ignore[arg-type]
    return journal.path


def test_wilson_by_hand() -> None:
    # p = .8, n = 10, z = 1.96: (.8 + .19208 ∓ 1.96 √(.016 + .009604)) / 1.38416, with 1.96 √.025604 = .313622
    assert Share(10, 8).interval == pytest.approx((0.49016, 0.94332), abs=1e-4)
    # 83 of 100: (.83 + .019208 ∓ 1.96 √(.001411 + .000096)) / 1.038416, with 1.96 √.00150704 = .076089
    assert Share(100, 83).interval == pytest.approx((0.74452, 0.89107), abs=1e-4)
    # 5 of 10, half its width: 1.96 √(.025 + .009604) / 1.38416, with √.034604 = .186022
    assert widest(10) == pytest.approx(0.26341, abs=1e-4)
    assert str(Share(10, 8)) == "0.8000  (n = 10, 95 % Wilson interval 0.4902 to 0.9433)"


def test_photographs_of_no_class_are_mistakes_of_a_model_without_unknown() -> None:
    found = measured(np.array([0, 0, 1, 1, 0]), np.array([0, 1, 1, 1, 2]), ("a", "b", "unknown"))
    assert (found.all, found.known, found.unknown) == (Share(5, 3), Share(4, 3), Share(1, 0))
    assert found.recall == {"a": Share(1, 1), "b": Share(3, 2)}


def test_a_model_that_says_unknown_is_right_there() -> None:
    found = measured(np.array([2, 2, 1]), np.array([2, 0, 1]), ("a", "b", "unknown"))
    assert (found.all, found.known, found.unknown) == (Share(3, 2), Share(2, 1), Share(1, 1))


def test_evaluation_reads_the_measure_lines_alone(tmp_path: Path) -> None:
    path = labelled(
        tmp_path,
        (10, "measure", DARK),
        (20, "measure", BRIGHT),  # the model says dark
        (240, "measure", BRIGHT),
        (250, "measure", "unknown"),
        (230, "measure", None),
        (30, "teach", BRIGHT),  # would be three more mistakes
        (40, "teach", BRIGHT),
        (245, "teach", DARK),
    )
    found = measure(Brightness(), path)  # type: ignore[arg-type]
    assert (found.all, found.known, found.unknown) == (Share(4, 2), Share(3, 2), Share(1, 0))
    assert (found.left_out, found.skipped) == (1, ())
    assert found.as_dict()["recall"][BRIGHT]["right"] == 1


def test_labels_of_a_class_that_the_model_lacks_are_refused(tmp_path: Path) -> None:
    path = labelled(tmp_path, (10, "measure", DARK))
    other = Brightness()
    other.classes = ("night", "day")
    with pytest.raises(DataError, match="does not know"):
        measure(other, path)  # type: ignore[arg-type]


def test_adaptation_learns_the_teach_lines_and_evaluates_on_the_others(tmp_path: Path) -> None:
    path = labelled(
        tmp_path,
        (10, "measure", DARK),
        (20, "measure", "unknown"),
        (30, "teach", DARK),
        (240, "teach", BRIGHT),
        (50, "teach", "unknown"),
        (60, "teach", None),
    )
    photos = str(tmp_path / "photos")
    data = open_data([f"{path}:teach"], photos, size=(8, 8), labelled_target=str(path), evaluation=str(path))
    assert data.labelled_target is not None
    assert data.evaluation is not None
    assert data.labelled_target.paths == ("030.png", "240.png")
    assert data.evaluation.paths == ("010.png",)
    assert [line.split(":")[-1].strip() for line in data.skipped] == ["it is labelled as none of the classes"] * 2
    with pytest.raises(DataError, match="for evaluation alone"):
        open_data([str(path)], photos, size=(8, 8), labelled_target=f"{path}:measure")
    with pytest.raises(DataError, match="for training alone"):
        open_data([str(path)], photos, size=(8, 8), evaluation=f"{path}:teach")
