"""JAN: one discrepancy of representation and prediction together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import softmax
from shown import accuracy_on_shifted_colours, colour_network, rows, shown

from synthda.adapt.kernels import mmd, multi_kernel, uniform
from synthda.adapt.methods.jan import JAN
from synthda.adapt.schedules import adaptation_factor

P = torch.tensor(0.5, dtype=torch.float64)


def test_the_kernel_of_a_pair_is_the_product_of_both_kernels() -> None:
    source, target = [rows(0, 5, 4), rows(1, 5, 3)], [rows(2, 6, 4), rows(3, 6, 3)]
    chances = softmax(np.concatenate([source[1], target[1]]), axis=1)
    of_chances = [[np.exp(-((a - b) ** 2).sum() / (2 * 0.92**2)) for b in chances] for a in chances]
    of_features = multi_kernel(torch.tensor(np.concatenate([source[0], target[0]])))
    expected = mmd(of_features * torch.tensor(of_chances), uniform(torch.tensor(source[0])), 6)
    found = JAN(colour_network(), jan_weight=2).terms(shown(source, target), P)["joint_mmd"]
    assert found.item() == pytest.approx(2 * adaptation_factor(P).item() * expected.item())


def test_equal_marginals_joined_otherwise_are_told_apart() -> None:
    features, logits = np.array([[0.0], [1.0]]), np.array([[4.0, -4.0], [-4.0, 4.0]])
    same = JAN(colour_network()).terms(shown([features, logits], [features, logits]), P)["joint_mmd"]
    crossed = JAN(colour_network()).terms(shown([features, logits], [features, logits[::-1].copy()]), P)["joint_mmd"]
    assert same.item() == pytest.approx(0, abs=1e-12)
    assert crossed.item() > 0.05


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain")
    assert accuracy_on_shifted_colours("jan", tmp_path / "adapted") > plain + 0.15
