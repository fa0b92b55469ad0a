"""λ_p and μ_p against values computed by hand from the paper's formulas."""

from __future__ import annotations

import math

import pytest
import torch

from synthda.adapt.schedules import adaptation_factor, learning_rate_factor


@pytest.mark.parametrize(("p", "expected"), [(0.0, 0.0), (0.1, 0.46211716), (0.5, 0.98661430), (1.0, 0.99990920)])
def test_the_adaptation_factor_is_that_of_the_paper(p: float, expected: float) -> None:
    assert adaptation_factor(torch.tensor(p, dtype=torch.float64)).item() == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(("p", "expected"), [(0.0, 1.0), (0.1, 0.59460356), (1.0, 0.16556003)])
def test_the_learning_rate_falls_as_in_the_paper(p: float, expected: float) -> None:
    assert learning_rate_factor(p, "ganin") == pytest.approx(expected, abs=1e-8)


def test_the_cosine_schedule_ends_at_zero_and_the_constant_one_does_not_move() -> None:
    assert learning_rate_factor(0.5, "cosine") == pytest.approx(0.5)
    assert learning_rate_factor(1.0, "cosine") == pytest.approx(0.0, abs=1e-12)
    assert learning_rate_factor(0.9, "constant") == 1.0


@pytest.mark.parametrize(("p", "expected"), [(0.0, 1.0), (0.5, 0.79056942), (1.0, 0.25)])
def test_adamatchs_schedule_ends_at_a_quarter(p: float, expected: float) -> None:
    # cos(x / 2) = √((1 + cos x) / 2): half-way it is √(1.25 / 2).
    assert learning_rate_factor(p, "adamatch") == pytest.approx(expected, abs=1e-8)


def test_without_steepness_nothing_is_adapted() -> None:
    assert adaptation_factor(torch.tensor(0.9), gamma=0.0).item() == 0.0
    assert math.isclose(adaptation_factor(torch.tensor(1.0), gamma=1e3).item(), 1.0)
