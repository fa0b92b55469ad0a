"""Kernels and the discrepancy, against loops over pairs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from shown import rows

from synthda.adapt.kernels import gaussian, mmd, multi_kernel, squared_distances, uniform


def kernel_of(a: np.ndarray, b: np.ndarray, variances: list[float]) -> float:
    return float(np.mean([np.exp(-((a - b) ** 2).sum() / (2 * variance)) for variance in variances]))


def test_squared_distances_are_those_of_each_pair() -> None:
    x = rows(0, 5, 3)
    expected = [[((a - b) ** 2).sum() for b in x] for a in x]
    np.testing.assert_allclose(squared_distances(torch.tensor(x)), expected, atol=1e-12)


def test_squared_distances_far_from_zero_are_not_rounded_off() -> None:
    x = rows(0, 5, 3).astype(np.float32)
    far = torch.tensor(x + np.float32(4096), requires_grad=True)
    exact = ((far.detach()[:, None].double() - far.detach()[None].double()) ** 2).sum(dim=2)
    found = squared_distances(far)
    torch.testing.assert_close(found.double(), exact, rtol=1e-4, atol=1e-5)
    found[0].sum().backward()
    expected = 2 * (far.detach()[[0]].double() - far.detach().double())
    torch.testing.assert_close(far.grad[1:].double(), -expected[1:], rtol=1e-3, atol=1e-3)


def test_the_multi_kernel_takes_its_variances_from_the_mean_distance_of_pairs() -> None:
    x = rows(1, 6, 4)
    mean = np.mean([((x[i] - x[j]) ** 2).sum() for i in range(6) for j in range(6) if i != j])
    variances = [2.0**k * mean for k in (-3, -2, -1, 0, 1)]
    expected = [[kernel_of(a, b, variances) for b in x] for a in x]
    np.testing.assert_allclose(multi_kernel(torch.tensor(x)), expected)


def test_the_discrepancy_is_the_sum_over_pairs_within_minus_twice_across() -> None:
    s, t, variances = rows(2, 4, 3), rows(3, 6, 3) + 1, [0.5, 2.0]
    kernel = gaussian(squared_distances(torch.tensor(np.concatenate([s, t]))), variances)
    within = np.mean([[kernel_of(a, b, variances) for b in s] for a in s])
    within += np.mean([[kernel_of(a, b, variances) for b in t] for a in t])
    across = np.mean([[kernel_of(a, b, variances) for b in t] for a in s])
    found = mmd(kernel, uniform(torch.tensor(s)), len(t))
    assert found.item() == pytest.approx(within - 2 * across)


def test_it_is_0_for_equal_samples_of_any_order_and_positive_for_others() -> None:
    s = torch.tensor(rows(4, 5, 3))
    same = mmd(multi_kernel(torch.cat([s, s.flip(0)])), uniform(s), 5)
    other = mmd(multi_kernel(torch.cat([s, s + 1])), uniform(s), 5)
    assert same.item() == pytest.approx(0, abs=1e-12)
    assert other.item() > 0.1


def test_weights_choose_which_source_rows_count() -> None:
    s, t = torch.tensor(rows(5, 4, 2)), torch.tensor(rows(6, 3, 2))
    only_first = mmd(multi_kernel(torch.cat([s, t])), torch.tensor([1.0, 0, 0, 0], dtype=torch.float64), 3)
    kernel = multi_kernel(torch.cat([s, t]))
    expected = kernel[0, 0] + kernel[4:, 4:].mean() - 2 * kernel[0, 4:].mean()
    assert only_first.item() == pytest.approx(expected.item())


def test_its_gradient_is_finite_where_rows_coincide() -> None:
    s = torch.zeros(3, 2, dtype=torch.float64, requires_grad=True)
    mmd(multi_kernel(torch.cat([s, s])), uniform(s), 3).backward()  # type: ignore[no-untyped-call]
    assert s.grad is not None
    assert torch.isfinite(s.grad).all()
