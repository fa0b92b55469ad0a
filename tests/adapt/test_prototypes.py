"""Prototypes: by hand, by the rule that joins them with the network's answers, and by what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from synthda.adapt.prototypes import USUAL, Prototypes, fitted
from synthda.errors import DataError

AXES = np.eye(3)


def along_the_axes(temperature: float = 0.5, *, threshold: bool = False) -> Prototypes:
    """Known along the first two axes, one enrolled along the third; nothing is taken from the features."""
    return Prototypes(np.zeros(3), AXES[:2], AXES[2:], temperature, threshold)


def test_an_image_between_two_prototypes_by_hand() -> None:
    """Cosines 0, .6 and .8, divided by .5: q ∝ 1, e^1.2, e^1.6; the network says .9 and .1."""
    q = np.exp([0, 1.2, 1.6]) / np.exp([0, 1.2, 1.6]).sum()
    found = along_the_axes().answers(np.array([[0, 3.0, 4.0]]), np.array([[0.9, 0.1]]))
    np.testing.assert_allclose(found, [[0.9 * (1 - q[2]), 0.1 * (1 - q[2]), q[2]]])


def test_known_classes_keep_their_proportions_and_all_sum_to_1() -> None:
    rng = np.random.default_rng(0)
    features, chances = rng.normal(size=(20, 3)), rng.dirichlet([1, 1], size=20)
    found = along_the_axes().answers(features, chances)
    np.testing.assert_allclose(found[:, :2] / found[:, :2].sum(axis=1, keepdims=True), chances)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_a_threshold_stays_what_it_is_and_a_learnt_unknown_gives_way() -> None:
    """The threshold .5 is 1/3 of every answer: (.6, .4) beside it are (.4, .8/3)."""
    features, chances = np.array([[0, 0, 1.0]]), np.array([[0.4, 0.8 / 3, 1 / 3]])
    taken = softmax([0, 0, 2])[2]
    kept = along_the_axes(threshold=True).answers(features, chances)
    np.testing.assert_allclose(kept, [[0.4 * (1 - taken), 0.8 / 3 * (1 - taken), taken * 2 / 3, 1 / 3]])
    learnt = along_the_axes().answers(features, chances)
    np.testing.assert_allclose(learnt, [[0.4 * (1 - taken), 0.8 / 3 * (1 - taken), taken, (1 - taken) / 3]])


def test_prototypes_are_means_of_units_around_the_mean_of_the_classes() -> None:
    """Class means (4, 0) and (0, 2) have the centre (2, 1), however many images each has."""
    features = np.array([[5.0, 0], [3, 0], [4, 0], [0, 2]])
    found, rare = fitted(features, np.eye(2)[[0, 0, 0, 1]])
    np.testing.assert_allclose(found.centre, [2, 1])
    units = np.array([[3, -1], [1, -1], [2, -1]]) / np.sqrt([[10], [2], [5]])
    np.testing.assert_allclose(found.known[0], units.sum(axis=0) / np.linalg.norm(units.sum(axis=0)))
    np.testing.assert_allclose(found.known[1], np.array([-2, 1]) / 5**0.5)
    assert rare == []
    one = found.adding(np.array([[2.0, 5], [5, 1]]))  # (0, 1) and (1, 0), however far from the centre
    np.testing.assert_allclose(one.enrolled, [[0.5**0.5, 0.5**0.5]])


def test_scale_and_place_of_the_features_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(3, size=60)
    features = 3 * np.eye(3)[labels] + rng.normal(size=(60, 3))
    plain, _ = fitted(features, np.eye(3)[labels])
    moved, _ = fitted(7 * features + [1, 2, 3], np.eye(3)[labels])
    np.testing.assert_allclose(moved.known, plain.known, atol=1e-10)
    assert moved.temperature == pytest.approx(plain.temperature, rel=1e-4)


def test_the_temperature_is_sharper_where_classes_lie_apart() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(3, size=300)
    far, near = (
        fitted(apart * np.eye(3)[labels] + rng.normal(size=(300, 3)), np.eye(3)[labels])[0].temperature
        for apart in (6, 1)
    )
    assert far < near


def test_the_temperature_is_found_on_images_left_out_of_their_own_prototypes() -> None:
    """Of two images of a class in 50 dimensions, a prototype of both is near to either whatever they show."""
    labels = np.repeat(np.arange(5), 2)
    features = 4 * np.eye(5, 50)[labels] + np.random.default_rng(0).normal(size=(10, 50))
    found, _ = fitted(features, np.eye(5)[labels])
    units = found.units(features)
    cosines = np.empty((10, 5))
    for row, label in np.ndindex(10, 5):
        sums = units[(labels == label) & (np.arange(10) != row)].sum(axis=0)
        cosines[row, label] = units[row] @ sums / np.linalg.norm(sums)
    grid = np.geomspace(0.01, 1, 500)
    losses = [-log_softmax(cosines / each, axis=1)[np.arange(10), labels].mean() for each in grid]
    assert found.temperature == pytest.approx(grid[np.argmin(losses)], rel=0.01)


def test_with_one_image_a_class_there_is_no_finding_a_temperature() -> None:
    assert fitted(AXES, np.eye(3))[0].temperature == USUAL


def test_a_class_that_no_image_shows_is_named() -> None:
    weights = np.array([[0.9, 0.09, 0.01]] * 5 + [[0.1, 0.89, 0.01]] * 5)
    assert fitted(np.random.default_rng(0).normal(size=(10, 4)), weights)[1] == [2]


def test_no_image_is_told_and_a_picture_without_features_gives_numbers() -> None:
    with pytest.raises(DataError, match="no images of the known classes"):
        fitted(np.empty((0, 3)), np.empty((0, 2)))
    assert np.isfinite(along_the_axes().answers(np.zeros((1, 3)), np.array([[0.5, 0.5]]))).all()


def test_what_is_taken_out_is_gone() -> None:
    two = along_the_axes().adding(np.array([[1.0, 1, 0]]))
    np.testing.assert_allclose(two.without(1).enrolled, AXES[2:])
    np.testing.assert_allclose(two.without(0).enrolled, [[0.5**0.5, 0.5**0.5, 0]])
