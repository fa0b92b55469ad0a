"""Deep CORAL against NumPy's covariance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from gaps import shifted_colours
from shown import colour_network, rows, shown

from synthda.adapt.methods.deep_coral import DeepCORAL, coral_distance

P = torch.tensor(0.5)


def test_it_is_the_squared_distance_of_the_covariances() -> None:
    s, t = rows(0, 6, 3), 2 * rows(1, 9, 3)
    expected = ((np.cov(s.T) - np.cov(t.T)) ** 2).sum() / (4 * 3**2)
    assert coral_distance(torch.tensor(s), torch.tensor(t)).item() == pytest.approx(expected)


def test_a_shift_changes_nothing_and_a_rotation_of_both_neither() -> None:
    s, t = torch.tensor(rows(0, 6, 3)), torch.tensor(rows(1, 9, 3))
    turn = torch.linalg.qr(torch.tensor(rows(2, 3, 3)))[0]
    plain = coral_distance(s, t).item()
    assert coral_distance(s + 5, t - 1).item() == pytest.approx(plain)
    assert coral_distance(s @ turn, t @ turn).item() == pytest.approx(plain)


@pytest.mark.parametrize(("layer", "position"), [("logits", 1), ("representation", 0)])
def test_the_layer_is_a_setting(layer: str, position: int) -> None:
    source, target = [rows(0, 5, 4), rows(1, 5, 2)], [rows(2, 7, 4), rows(3, 7, 2)]
    method = DeepCORAL(colour_network(), coral_weight=3, coral_layer=layer)  # type: ignore[arg-type]
    expected = 3 * coral_distance(torch.tensor(source[position]), torch.tensor(target[position]))
    assert method.terms(shown(source, target), P)["coral"].item() == pytest.approx(expected.item())


def test_a_single_row_has_no_covariance_and_no_nan() -> None:
    assert coral_distance(torch.ones(1, 3), torch.ones(1, 3)).item() == 0


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    """A shift alone has no covariance: what it spreads otherwise in the logits, where the network bends, has."""
    gap = shifted_colours(0.13)
    plain, found = (gap.accuracies(method, tmp_path / method) for method in ("source-only", "deep-coral"))
    assert min(found) > max(plain) + 0.08
