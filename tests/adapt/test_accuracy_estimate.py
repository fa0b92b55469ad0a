"""Average thresholded confidence by hand, on ties, and where it must be exact."""

from __future__ import annotations

import numpy as np
import pytest

from synthda.adapt.accuracy_estimate import estimated_accuracy, thresholded_confidence


def test_by_hand() -> None:
    sure_s = np.array([0.9, 0.8, 0.6, 0.5, 0.4])
    right_s = np.array([True, False, True, True, False])  # three of five: the threshold lies at .6
    assert thresholded_confidence(sure_s, right_s, np.array([0.7, 0.59, 0.61, 0.2])) == 0.5
    assert thresholded_confidence(sure_s, right_s, np.array([0.6])) == 1.0
    assert thresholded_confidence(sure_s, right_s, np.array([0.59])) == 0.0


@pytest.mark.parametrize("levels", [1, 2, 5, 10_000])
def test_of_the_source_itself_the_estimate_is_exact_whatever_scores_are_equal(levels: int) -> None:
    rng = np.random.default_rng(0)
    for wrong in (0.0, 0.1, 0.5, 1.0):
        sure = rng.integers(levels, size=200) / levels
        right = rng.uniform(size=200) >= wrong
        assert thresholded_confidence(sure, right, sure) == pytest.approx(right.mean())


def test_all_right_and_all_wrong() -> None:
    sure = np.array([0.9, 0.5])
    assert thresholded_confidence(sure, np.array([True, True]), np.array([0.6, 0.4])) == 0.5
    assert thresholded_confidence(sure, np.array([False, False]), np.array([0.99])) == 0.0


def test_a_less_sure_target_is_estimated_lower_and_a_monotone_change_of_the_score_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    sure, right = rng.uniform(size=300), rng.uniform(size=300) < 0.8
    less = 0.7 * rng.uniform(size=200)
    estimate = thresholded_confidence(sure, right, less)
    assert estimate < right.mean()
    assert thresholded_confidence(np.exp(sure), right, np.exp(less)) == estimate


def test_the_manifest_says_what_the_estimate_rests_on() -> None:
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], dtype=np.float32)
    found = estimated_accuracy(p, np.array([0, 1, 1]), p)
    assert found["value"] == pytest.approx(2 / 3)
    assert found["source_accuracy"] == pytest.approx(2 / 3)
    assert (found["source_images"], found["target_images"]) == (3, 3)
    assert "estimate without labels" in found["by"]


def test_predictions_that_round_to_one_are_still_told_apart() -> None:
    surer = np.array([[1, 1e-12], [1, 1e-9], [1, 1e-10]], dtype=np.float32)
    labels = np.array([0, 1, 0])  # the least sure of the three is wrong
    found = estimated_accuracy(surer, labels, surer[:1])
    assert found["value"] == 1.0
