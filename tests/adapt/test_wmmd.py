"""WMMD: classes that are rarer in the target count less."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from gaps import turned_clusters
from scipy.spatial.distance import cdist
from shown import Rows, colour_network, rows, shown

from synthda.adapt.methods import wmmd
from synthda.adapt.methods.dan import DAN
from synthda.adapt.methods.wmmd import WMMD, class_weights

P = torch.tensor(1.0, dtype=torch.float64)


def discrepancy(source: Rows, target: Rows, weights: Rows) -> float:
    """Σ α_i α_j k(s_i, s_j) − 2/m Σ α_i k(s_i, t_j) + 1/m² Σ k(t_i, t_j), k the mean of DAN's five Gaussians."""
    both = np.concatenate([source, target])
    mean = cdist(both, both, "sqeuclidean").sum() / (len(both) * (len(both) - 1))

    def kernel(one: Rows, other: Rows) -> Rows:
        distances = cdist(one, other, "sqeuclidean")
        return np.mean([np.exp(-distances / (2 * 2.0**k * mean)) for k in range(-3, 2)], axis=0)

    within_s = (np.outer(weights, weights) * kernel(source, source)).sum()
    between = (weights[:, None] * kernel(source, target)).sum() / len(target)
    return float(within_s - 2 * between + kernel(target, target).mean())


def test_with_given_weights_it_is_the_discrepancy_of_the_weighted_source_in_all_layers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, target = [rows(0, 4, 3), rows(1, 4, 2)], [1 + rows(2, 6, 3), 2 * rows(3, 6, 2)]
    weights = np.array([0.1, 0.5, 0.15, 0.25])
    monkeypatch.setattr(wmmd, "class_weights", lambda labels, chances: torch.tensor(weights))
    found = WMMD(colour_network(), wmmd_weight=0.5).terms(shown(source, target, [0, 1, 0, 1]), P)["weighted_mmd"]
    expected = sum(discrepancy(s, t, weights) for s, t in zip(source, target, strict=True))
    assert found.item() == pytest.approx(0.5 * (2 / (1 + np.exp(-10)) - 1) * expected)


def test_a_row_weighs_as_its_class_share_in_the_target_over_that_in_the_source() -> None:
    labels = torch.tensor([0, 0, 0, 1])
    chances = torch.tensor([[0.2, 0.8], [0.4, 0.6]])
    expected = np.array([0.3 / 0.75, 0.3 / 0.75, 0.3 / 0.75, 0.7 / 0.25])
    np.testing.assert_allclose(class_weights(labels, chances), expected / expected.sum(), rtol=1e-6)


def test_a_class_that_the_source_batch_lacks_is_left_out() -> None:
    weights = class_weights(torch.tensor([0, 0]), torch.tensor([[0.0, 1.0]]) * 0.9 + 0.05)
    np.testing.assert_allclose(weights, [0.5, 0.5])


def test_classes_that_the_target_shows_nothing_of_weigh_alike_and_send_no_nan() -> None:
    weights = class_weights(torch.tensor([0, 0, 1]), torch.tensor([[0.0, 0.0, 1.0]]))
    np.testing.assert_allclose(weights, [1 / 3, 1 / 3, 1 / 3])


def test_classes_that_look_alike_in_both_domains_are_at_no_distance_whatever_their_shares() -> None:
    """Three in four of the source are class 0, one in four of the target: DAN sees a gap where there is none."""
    looks, says = np.array([[0.0, 0.0], [3.0, 1.0]]), np.array([[30.0, -30.0], [-30.0, 30.0]])
    source, target = [0, 0, 0, 1], [0, 1, 1, 1]
    seen = shown([looks[source], says[source]], [looks[target], says[target]], source)
    assert WMMD(colour_network()).terms(seen, P)["weighted_mmd"].item() == pytest.approx(0, abs=1e-6)
    assert DAN(colour_network()).terms(seen, P)["mmd"].item() > 0.1


def test_the_target_learns_its_own_pseudo_labels() -> None:
    logits = np.log(np.array([[0.9, 0.1], [0.3, 0.7]]))
    seen = shown([np.zeros((2, 2)), logits], [np.zeros((2, 2)), logits], [0, 1])
    found = WMMD(colour_network(), target_weight=0.5).terms(seen, P)["target_label"].item()
    assert found == pytest.approx(-0.5 * (np.log(0.9) + np.log(0.7)) / 2, rel=1e-3)


def test_both_terms_rise_from_nothing() -> None:
    """2 / (1 + e⁻¹) − 1 = .46212 and 2 / (1 + e⁻¹⁰) − 1 = .99991."""
    seen = shown([rows(0, 4, 3), rows(1, 4, 2)], [1 + rows(2, 6, 3), rows(3, 6, 2)], [0, 1, 0, 1])
    none, early, late = (WMMD(colour_network()).terms(seen, torch.tensor(p).double()) for p in (0.0, 0.1, 1.0))
    for name in ("weighted_mmd", "target_label"):
        assert none[name].item() == 0
        assert early[name].item() == pytest.approx(0.46212 / 0.99991 * late[name].item(), rel=1e-4)
        assert late[name].item() > 0.01


def test_where_the_classes_have_other_shares_in_the_target_its_weights_matter(tmp_path: Path) -> None:
    """DAN, which has none, brings a share of one class over to the other."""
    gap = turned_clusters()
    plain, unweighted, found = (
        gap.accuracies(method, tmp_path / method, orders=2) for method in ("source-only", "dan", "wmmd")
    )
    assert min(found) > max(plain) + 0.1
    assert min(found) > max(unweighted) + 0.1
