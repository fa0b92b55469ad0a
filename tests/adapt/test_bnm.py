"""BNM against NumPy's singular values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import softmax
from shown import accuracy_on_shifted_colours, colour_network, rows, shown
from toy import blueprint, train_toy

from synthda.adapt.methods.bnm import BNM
from synthda.adapt.run import Run
from synthda.errors import RunError

P = torch.tensor(0.5)


def term(logits: np.ndarray, weight: float = 1.0) -> float:
    seen = shown([rows(0, 5, 16), rows(1, 5, logits.shape[1])], [rows(2, len(logits), 16), logits])
    return BNM(colour_network(), bnm_weight=weight).terms(seen, P)["nuclear_norm"].item()


def test_it_is_minus_the_sum_of_singular_values_over_the_batch() -> None:
    logits = rows(3, 7, 4)
    expected = -np.linalg.svd(softmax(logits, axis=1), compute_uv=False).sum() / 7
    assert term(logits, 0.5) == pytest.approx(0.5 * expected)


def test_sure_and_diverse_predictions_are_best_then_sure_ones_of_one_class_then_unsure_ones() -> None:
    diverse, single, unsure = 50 * np.eye(4), 50 * np.eye(4)[[0, 0, 0, 0]], np.zeros((4, 4))
    assert term(diverse) == pytest.approx(-1)
    assert term(diverse) < term(single) < term(unsure)


def test_predictions_that_are_not_finite_give_a_loss_that_is_not_finite() -> None:
    assert np.isnan(term(np.full((4, 3), np.nan)))


def test_a_training_that_breaks_down_is_told_as_with_any_method(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="The loss stopped being finite"):
        train_toy(blueprint("bnm", steps=4, optimizer="sgd", learning_rate=1e18), Run(tmp_path))


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain")
    assert accuracy_on_shifted_colours("bnm", tmp_path / "adapted") > plain + 0.15
