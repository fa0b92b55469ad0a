"""Information maximisation against SciPy's entropies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import entropy
from shown import accuracy_on_shifted_colours, colour_network, rows, shown

from synthda.adapt.methods.im import IM

P = torch.tensor(0.5)


def term(logits: np.ndarray, weight: float = 1.0) -> float:
    seen = shown([rows(0, 5, 16), rows(1, 5, logits.shape[1])], [rows(2, len(logits), 16), logits])
    return IM(colour_network(), im_weight=weight).terms(seen, P)["information"].item()


def test_it_is_minus_the_mutual_information_of_image_and_class() -> None:
    logits = rows(3, 7, 4)
    chances = softmax(logits, axis=1)
    expected = entropy(chances.mean(axis=0)) - entropy(chances, axis=1).mean()
    assert term(logits, 0.5) == pytest.approx(-0.5 * expected)


def test_sure_and_diverse_predictions_tell_all_and_equal_ones_nothing() -> None:
    assert term(50 * np.eye(4)) == pytest.approx(-np.log(4))
    for telling_nothing in (50 * np.eye(4)[[0, 0, 0, 0]], np.zeros((4, 4)), np.tile(rows(4, 1, 4), (6, 1))):
        assert term(telling_nothing) == pytest.approx(0, abs=1e-6)


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain")
    assert accuracy_on_shifted_colours("im", tmp_path / "adapted") > plain + 0.15
