"""The reversed gradient: its sign, its size, and where λ is not applied."""

from __future__ import annotations

import pytest
import torch

from synthda.adapt.gradient_reversal import reverse_gradient


@pytest.mark.parametrize("lambda_", [0.0, 0.3, 1.0])
def test_the_gradient_comes_back_times_minus_lambda(lambda_: float) -> None:
    features = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(4, 3, dtype=torch.float64)
    (reverse_gradient(features, torch.tensor(lambda_, dtype=torch.float64)) * weights).sum().backward()
    assert features.grad is not None
    torch.testing.assert_close(features.grad, -lambda_ * weights)


def test_values_pass_unchanged() -> None:
    features = torch.randn(5, 2)
    assert torch.equal(reverse_gradient(features, torch.tensor(0.7)), features)
