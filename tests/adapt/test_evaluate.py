"""Scores against values computed by hand."""

from __future__ import annotations

import time

import numpy as np
import pytest

from synthda.adapt.evaluate import calibration_error, evaluate, gap_closed
from synthda.errors import DataError

CLASSES = ("cat", "dog", "owl")


def one_hot(predicted: list[int], confidence: float = 1.0) -> np.ndarray:
    probabilities = np.full((len(predicted), 3), (1 - confidence) / 2, dtype=np.float32)
    probabilities[np.arange(len(predicted)), predicted] = confidence
    return probabilities


def test_accuracy_recall_and_confusion_are_counted_by_hand() -> None:
    scored = evaluate(one_hot([0, 1, 1, 1]), np.array([0, 0, 1, 1]), CLASSES)
    assert scored.n == 4
    assert scored.accuracy == 0.75
    assert scored.recall == {"cat": 0.5, "dog": 1.0, "owl": None}
    assert scored.mean_recall == 0.75
    assert scored.confusion == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert scored.interval[0] <= scored.accuracy <= scored.interval[1]


def test_unlabelled_images_are_left_out() -> None:
    assert evaluate(one_hot([0, 1]), np.array([0, -1]), CLASSES).n == 1
    with pytest.raises(DataError, match="None of the images has a label"):
        evaluate(one_hot([0]), np.array([-1]), CLASSES)


def test_of_known_classes_the_answer_is_counted_that_is_left_without_unknown() -> None:
    chances = np.array([[0.3, 0.1, 0.6], [0.5, 0.4, 0.1], [0.2, 0.3, 0.5]], np.float32)
    found = evaluate(chances, np.array([0, 1, 2]), ("a", "b", "unknown"))
    assert (found.accuracy, found.known_accuracy) == (1 / 3, 1 / 2)
    assert evaluate(chances[:, :2], np.array([0, 1, 1]), ("a", "b")).known_accuracy is None
    assert evaluate(chances, np.array([2, 2, 2]), ("a", "b", "unknown")).known_accuracy is None


def test_the_calibration_error_is_the_distance_of_confidence_from_accuracy() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.9], dtype=np.float32)
    assert calibration_error(confidence, np.array([True, True, False, False])) == pytest.approx(0.4)
    assert calibration_error(np.ones(3, dtype=np.float32), np.ones(3, dtype=bool)) == 0.0


def test_a_million_images_are_scored_at_once() -> None:
    labels = np.random.default_rng(0).integers(0, 3, 1_000_000)
    began = time.process_time()
    scored = evaluate(one_hot([0])[np.zeros(1_000_000, dtype=int)], labels, CLASSES)
    assert time.process_time() - began < 2  # drawing 2,000 times a million images takes half a minute
    assert [row[0] for row in scored.confusion] == np.bincount(labels).tolist()


def test_the_gap_closed_is_left_out_where_there_is_hardly_a_gap() -> None:
    assert gap_closed(0.5, 0.7, 0.9) == pytest.approx(0.5)
    assert gap_closed(0.90, 0.92, 0.94) is None
