"""AFN by hand: features grow along themselves, by the same pull whatever their length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from gaps import turned_bars
from shown import colour_network, gradient, rows, shown

from synthda.adapt.infer import features
from synthda.adapt.methods.afn import AFN, step_loss


def test_its_value_is_the_square_of_the_step_in_each_domain() -> None:
    seen = shown([rows(0, 5, 4), rows(1, 5, 2)], [rows(2, 7, 4), rows(3, 7, 2)])
    found = AFN(colour_network(), afn_weight=0.1, afn_step=2).terms(seen, torch.tensor(0.5))["feature_norm"]
    assert found.item() == pytest.approx(0.1 * 2 * 2**2)


def test_the_gradient_pulls_each_row_outwards_by_twice_the_step_over_the_rows() -> None:
    features = torch.tensor(rows(0, 5, 4), requires_grad=True)
    found = gradient(step_loss(features, 1.5), features).numpy()
    own = features.detach().numpy()
    np.testing.assert_allclose(found, -2 * 1.5 / 5 * own / np.linalg.norm(own, axis=1, keepdims=True))


def test_a_row_of_zeros_has_a_finite_gradient() -> None:
    features = torch.zeros(2, 3, requires_grad=True)
    assert torch.isfinite(gradient(step_loss(features, 1.0), features)).all()


def test_where_the_targets_features_are_short_it_lengthens_them_out_of_doubt(tmp_path: Path) -> None:
    gap = turned_bars()
    before = gap.adapted("source-only", tmp_path / "before")
    lengths = [np.linalg.norm(features(before, domain.images), axis=1).mean() for domain in (gap.source, gap.unseen)]
    assert lengths[1] < 0.6 * lengths[0]
    plain, found = (gap.accuracies(method, tmp_path / method) for method in ("source-only", "afn"))
    assert min(found) > max(plain) + 0.1
