"""CMD against SciPy's moments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import moment
from shown import accuracy_on_shifted_colours, colour_network, rows, shown

from synthda.adapt.methods.cmd import CMD, moment_discrepancy

P = torch.tensor(0.5)


def test_it_is_the_sum_of_the_moments_distances() -> None:
    s, t = np.tanh(rows(0, 6, 3)), np.tanh(rows(1, 9, 3) + 0.5)
    expected = np.linalg.norm(s.mean(0) - t.mean(0))
    for k in range(2, 6):
        expected += np.linalg.norm(moment(s, k) - moment(t, k))
    assert moment_discrepancy(torch.tensor(s), torch.tensor(t), 5).item() == pytest.approx(expected)


def test_one_moment_is_the_distance_of_the_means_alone() -> None:
    s, t = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]), torch.zeros(2, 2)
    assert moment_discrepancy(s, t, 1).item() == 0
    assert moment_discrepancy(s, t, 2).item() > 0


def test_equal_batches_have_distance_0_and_gradient_0_not_nan() -> None:
    s = torch.tensor(rows(0, 4, 3), requires_grad=True)
    distance = moment_discrepancy(s, s.detach(), 5)
    distance.backward()  # type: ignore[no-untyped-call]
    assert distance.item() == 0
    assert s.grad is not None
    assert (s.grad == 0).all()


def test_activations_are_bounded_first() -> None:
    source, target = [100 * rows(0, 5, 4), rows(1, 5, 2)], [100 * rows(2, 7, 4), rows(3, 7, 2)]
    found = CMD(colour_network()).terms(shown(source, target), P)["cmd"].item()
    expected = moment_discrepancy(torch.tanh(torch.tensor(source[0])), torch.tanh(torch.tensor(target[0])), 5)
    assert found == pytest.approx(expected.item())


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain")
    # At its whole weight the distance, which does not flatten towards 0, draws the two classes together, too.
    assert accuracy_on_shifted_colours("cmd", tmp_path / "adapted", cmd_weight=0.5) > plain + 0.15
