"""Normalisations, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from synthda.adapt.shallow.estimator import dense
from synthda.adapt.shallow.normalise import NORMALISATIONS, normalised
from synthda.errors import SettingError

COUNTS = np.array([[1.0, 3.0], [0.0, 0.0]])


@pytest.mark.parametrize(
    ("step", "first"),
    [
        ("none", [1, 3]),
        ("binary", [1, 1]),
        ("log", [np.log(2), np.log(4)]),
        ("row-sum", [0.25, 0.75]),
        ("unit", [1 / np.sqrt(10), 3 / np.sqrt(10)]),
        ("row-sum+binary", [1, 1]),
    ],
)
@pytest.mark.parametrize("kind", [np.array, csr_matrix])
def test_each_step_does_what_its_name_says_to_dense_and_sparse_rows(step: str, first: list[float], kind: type) -> None:
    rows = kind(COUNTS)
    for found in normalised(step, rows, rows, rows):
        np.testing.assert_allclose(dense(found), [first, [0, 0]])
    np.testing.assert_array_equal(dense(rows), COUNTS)


def test_z_scores_are_by_domain_and_more_target_rows_use_the_target_s() -> None:
    source, target, more = np.array([[0.0, 5], [2, 5]]), np.array([[10.0, 1], [30, 3]]), np.array([[40.0, 2]])
    found = normalised("z-score", source, target, more)
    np.testing.assert_allclose(found[0], [[-1, 0], [1, 0]])  # a feature that does not vary becomes 0
    np.testing.assert_allclose(found[1], [[-1, -1], [1, 1]])
    np.testing.assert_allclose(found[2], [[2, 0]])


def test_tf_idf_knows_how_rare_a_word_is_in_both_domains_together() -> None:
    source, target = csr_matrix([[1.0, 1], [1, 0]]), csr_matrix([[1.0, 0]])
    rarity = np.log((1 + 3) / (1 + np.array([3, 1]))) + 1  # scikit-learn's smoothed form, of 3 rows
    np.testing.assert_allclose(dense(normalised("tf-idf", source, target)[0])[0], rarity / np.linalg.norm(rarity))


def test_what_is_unknown_or_does_not_suit_is_refused() -> None:
    with pytest.raises(SettingError, match=r"Did you mean z-score\?"):
        normalised("zscore", COUNTS, COUNTS)
    with pytest.raises(SettingError, match="for counts"):
        normalised("log", -COUNTS, COUNTS)
    assert "z-score" in NORMALISATIONS
