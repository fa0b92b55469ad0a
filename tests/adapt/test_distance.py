"""The proxy A-distance at its two ends."""

from __future__ import annotations

import numpy as np

from synthda.adapt.distance import proxy_a_distance, thumbnails
from synthda.datasets.domain import ArrayImages


def test_samples_of_one_distribution_are_near_and_of_disjoint_ones_far() -> None:
    rng = np.random.default_rng(0)
    here, there = rng.normal(size=(2, 800, 10))
    assert proxy_a_distance(here, there) < 0.3
    assert proxy_a_distance(here, there + 10) > 1.95


def test_what_a_classifier_has_learnt_by_heart_does_not_count() -> None:
    here, there = np.random.default_rng(0).normal(size=(2, 40, 400))
    assert proxy_a_distance(here, there) < 0.8


def test_a_constant_feature_does_no_harm() -> None:
    assert proxy_a_distance(np.ones((20, 2)), np.ones((20, 2))) == 0.0


def test_a_single_image_is_told_from_nothing() -> None:
    assert proxy_a_distance(np.ones((1, 2)), np.zeros((20, 2))) == 0.0


def test_thumbnails_forget_light_and_contrast() -> None:
    rng = np.random.default_rng(0)
    dark = rng.integers(0, 100, (3, 16, 16, 3), dtype=np.uint8)
    seen = thumbnails(ArrayImages(dark))
    assert seen.shape == (3, 64)
    np.testing.assert_allclose(thumbnails(ArrayImages(dark * 2 + 50)), seen, atol=1e-6)
