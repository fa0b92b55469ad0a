"""DDC by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from gaps import shifted_colours
from shown import colour_network, gradient, shown

from synthda.adapt.methods.ddc import DDC

P = torch.tensor(0.5)


def test_it_is_the_weighted_squared_distance_of_the_means_before_the_logits() -> None:
    source = [np.array([[1.0, 2.0], [3.0, 0.0]]), np.zeros((2, 2))]
    target = [np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]), np.ones((3, 2))]
    found = DDC(colour_network(), ddc_weight=0.5).terms(shown(source, target), P)["mean_discrepancy"]
    assert found.item() == pytest.approx(0.5 * ((2 - 1) ** 2 + (1 - 1) ** 2))


def test_both_domains_are_pulled_towards_each_other() -> None:
    seen = shown([np.zeros((2, 3)), np.zeros((2, 2))], [np.ones((4, 3)), np.zeros((4, 2))])
    term = DDC(colour_network()).terms(seen, P)["mean_discrepancy"]
    assert (gradient(term, seen.layers_s[0]) < 0).all()
    assert (gradient(term, seen.layers_t[0]) > 0).all()


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    gap = shifted_colours(0.13)
    plain, found = (gap.accuracies(method, tmp_path / method) for method in ("source-only", "ddc"))
    assert min(found) > max(plain) + 0.1
