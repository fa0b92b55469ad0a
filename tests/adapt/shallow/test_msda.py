"""mSDA against the average over all corruptions, and on words that only occur in one domain."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from synthda.adapt.shallow import estimator
from synthda.adapt.shallow.features import prepared, prepared_width
from synthda.adapt.shallow.msda import MSDA, denoiser
from synthda.adapt.shallow.span import Span
from synthda.adapt.shallow.svm import SVM
from synthda.errors import SettingError


def test_the_denoiser_is_the_ridge_regression_on_all_corruptions_weighted_by_their_chance() -> None:
    rows = np.random.default_rng(0).poisson(1.0, (9, 4)).astype(float)
    corruption, ridge = 0.3, 0.05
    products, squares = np.zeros((4, 5)), np.zeros((5, 5))
    for kept in itertools.product([0, 1], repeat=4):
        chance = np.prod([1 - corruption if one else corruption for one in kept])
        corrupted = np.column_stack([rows * kept, np.ones(9)])
        products += chance * rows.T @ corrupted
        squares += chance * corrupted.T @ corrupted
    expected = products @ np.linalg.inv(squares + ridge * np.eye(5))
    np.testing.assert_allclose(denoiser(rows, corruption, ridge), expected, atol=1e-10)


def test_single_precision_is_enough_for_words_of_very_different_frequency() -> None:
    rng = np.random.default_rng(0)
    rows = rng.poisson(10.0 ** rng.uniform(-3, 1.5, 60), (200, 60)).astype(float)
    exact = denoiser(rows, 0.5, 1e-5)
    np.testing.assert_allclose(denoiser(rows.astype(np.float32), 0.5, 1e-5), exact, atol=2e-3 * np.abs(exact).max())


def test_features_are_the_input_and_every_layer_side_by_side_and_other_rows_get_the_same() -> None:
    rows = np.random.default_rng(0).poisson(1.0, (20, 6)).astype(float)
    msda = MSDA(layers=2, precision="float64")
    features = msda.fit_transform(csr_matrix(rows))
    first = np.tanh(np.column_stack([rows, np.ones(20)]) @ denoiser(rows, 0.5, 1e-5).T)
    second = np.tanh(np.column_stack([first, np.ones(20)]) @ denoiser(first, 0.5, 1e-5).T)
    np.testing.assert_allclose(features, np.hstack([rows, first, second]), atol=1e-10)
    np.testing.assert_allclose(msda.transform(rows[3:5]), features[3:5], atol=1e-10)


def test_without_a_unique_solution_it_says_what_to_change() -> None:
    with pytest.raises(SettingError, match="larger ridge"):
        denoiser(np.zeros((3, 2)), 0.5, 0.0)


def reviews(seed: int, own: slice) -> tuple[np.ndarray, np.ndarray]:
    """300 texts in two moods: a few of 20 words that both domains share, and more of the domain's own 20."""
    rng = np.random.default_rng(seed)
    moods = rng.choice([-1, 1], 300)
    rates = np.zeros((300, 60))
    liked = moods[:, None] == np.tile([-1, 1], 10)
    rates[:, :20] = np.where(liked, 0.15, 0.05)
    rates[:, own] = np.where(liked, 0.6, 0.1)
    return rng.poisson(rates).astype(float), moods


def test_words_of_the_target_alone_get_a_meaning_from_those_that_both_share() -> None:
    (source, moods), (target, truth) = reviews(0, slice(20, 40)), reviews(1, slice(40, 60))

    def accuracy(msda: MSDA | None) -> float:
        rows_s, rows_t = prepared(source, target, msda=msda)
        return float((SVM(c=0.1).fit(rows_s, moods, rows_t).predict(rows_t) == truth).mean())

    assert accuracy(MSDA(layers=3)) > accuracy(None) + 0.08


def test_coordinates_in_the_span_keep_all_inner_products() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(6, 40))
    inside = rng.normal(size=(3, 6)) @ rows
    span = Span(rows)
    np.testing.assert_allclose(span.own @ span.own.T, rows @ rows.T, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(span.of(inside) @ span.own.T, inside @ rows.T, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("width", "layers"), [(3, 2), (4, 2), (5, 2), (5, 0)])
def test_the_width_of_features_is_told_before_they_are_learnt(width: int, layers: int) -> None:
    """Narrower than 12 rows are many, as wide, wider, and without mSDA."""
    rows = np.random.default_rng(0).poisson(1.0, (12, width)).astype(float)
    msda = MSDA(layers=layers) if layers else None
    source, target = prepared(rows[:7], rows[7:], msda=msda)
    assert source.shape[1] == target.shape[1] == prepared_width(12, width, msda)


def test_too_many_features_for_a_span_are_refused_before_msda_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimator, "MOST_WIDTH", 10)
    monkeypatch.setattr(MSDA, "fit_transform", None)
    rows = np.ones((12, 5))
    with pytest.raises(SettingError, match="12 rows of 30 features are too many for mSDA"):
        prepared(rows[:6], rows[6:], msda=MSDA())


def test_rows_that_repeat_or_are_empty_do_no_harm_to_the_span() -> None:
    rows = np.vstack([np.ones((2, 9)), np.zeros((1, 9)), np.eye(9)[:1]])
    span = Span(rows)
    np.testing.assert_allclose(span.own @ span.own.T, rows @ rows.T, atol=1e-4)


def test_rows_in_single_precision_that_nearly_repeat_have_a_span() -> None:
    """As representations of few words do: rounded products would be no Gram matrix."""
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.random((4, 900)), 60, axis=0) + 1e-4 * rng.random((240, 900))
    span = Span(rows.astype(np.float32))
    np.testing.assert_allclose(span.own @ span.own.T, rows @ rows.T, rtol=1e-4)


def test_a_linear_classifier_learns_the_same_from_span_coordinates() -> None:
    (source, moods), (target, _) = reviews(0, slice(20, 40)), reviews(1, slice(40, 60))
    source, moods, target = source[:40], moods[:40], target[:30]
    wide = MSDA(layers=3)
    features = wide.fit_transform(np.vstack([source, target]))
    plain = SVM(c=0.01).fit(features[:40], moods, features[40:]).predict(features[40:])
    rows_s, rows_t, again = prepared(source, target, target, msda=MSDA(layers=3))
    assert rows_s.shape == (40, 70)
    narrow = SVM(c=0.01).fit(rows_s, moods, rows_t)
    assert (narrow.predict(rows_t) == plain).mean() > 0.95
    assert (narrow.predict(again) == narrow.predict(rows_t)).all()
