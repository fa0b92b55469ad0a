"""DTML against scikit-learn's neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from shown import accuracy_on_shifted_colours, colour_network, gradient, rows, shown
from sklearn.neighbors import NearestNeighbors

from synthda.adapt.methods.dtml import DTML, nearest

P = torch.tensor(0.5)
LABELS = [0, 0, 0, 0, 1, 1, 1, 2, 2]


def mean_of_nearest(features: np.ndarray, k: int, *, same: bool) -> float:
    """Of each row and its k nearest within its class, or outside it; the squared distances."""
    labels, found = np.array(LABELS), []
    for row, label in enumerate(LABELS):
        eligible = (labels == label) == same
        eligible[row] = False
        count = min(k, eligible.sum())
        search = NearestNeighbors(n_neighbors=count).fit(features[eligible])
        found.extend((search.kneighbors(features[[row]])[0] ** 2).ravel())
    return float(np.mean(found))


def test_the_terms_are_the_mean_distances_of_near_neighbours_within_and_between_classes_and_of_the_means() -> None:
    source, target = rows(0, 9, 4), rows(1, 5, 4)
    method = DTML(
        colour_network(), dtml_weight=2, separation=0.3, alignment=5, neighbours_within=2, neighbours_between=3
    )
    terms = method.terms(shown([source, rows(2, 9, 3)], [target, rows(3, 5, 3)], LABELS), P)
    features = np.tanh(source)
    assert terms["within_classes"].item() == pytest.approx(2 * mean_of_nearest(features, 2, same=True))
    assert terms["between_classes"].item() == pytest.approx(-2 * 0.3 * mean_of_nearest(features, 3, same=False))
    means = ((features.mean(0) - np.tanh(target).mean(0)) ** 2).sum()
    assert terms["mean_discrepancy"].item() == pytest.approx(2 * 5 * means)


def test_by_hand_on_a_line() -> None:
    distances = torch.tensor([0.0, 1.0, 3.0])[:, None].sub(torch.tensor([0.0, 1.0, 3.0])[None]).square()
    all_others = ~torch.eye(3, dtype=torch.bool)
    assert nearest(distances, all_others, 1).item() == pytest.approx((1 + 1 + 4) / 3)
    assert nearest(distances, all_others, 9).item() == pytest.approx(2 * (1 + 4 + 9) / 6)
    assert nearest(distances, torch.zeros(3, 3, dtype=torch.bool), 1).item() == 0


def test_descent_draws_a_class_together_and_pushes_another_away() -> None:
    source = np.array([[0.0], [0.2], [0.6]])
    seen = shown([source, np.zeros((3, 2))], [source, np.zeros((3, 2))], [0, 0, 1])
    terms = DTML(colour_network()).terms(seen, P)
    within = -gradient(terms["within_classes"], seen.layers_s[0])[:, 0]
    assert within[0] > 0 > within[1]
    assert within[2] == 0
    between = -gradient(terms["between_classes"], seen.layers_s[0])[:, 0]
    assert between[2] > 0 > between[1]
    assert terms["mean_discrepancy"].item() == 0


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain")
    assert accuracy_on_shifted_colours("dtml", tmp_path / "adapted") > plain + 0.15
