"""BSP against NumPy's singular values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import ortho_group
from shown import adapted_to_shifted_colours, colour_network, colours, gradient, rows, shown
from toy import blueprint, train_toy

from synthda.adapt.infer import features
from synthda.adapt.methods.bsp import BSP, largest
from synthda.adapt.run import Run
from synthda.errors import RunError

P = torch.tensor(0.5)


def test_it_is_the_largest_squared_singular_value_of_both() -> None:
    source, target = rows(0, 5, 16), rows(1, 20, 16)
    term = BSP(colour_network(), bsp_weight=3).terms(shown([source], [target]), P)["spectral"]
    assert term.item() == pytest.approx(3 * (np.linalg.norm(source, 2) ** 2 + np.linalg.norm(target, 2) ** 2))


def test_rotated_features_cost_the_same() -> None:
    features = rows(0, 5, 6)
    rotated = features @ ortho_group.rvs(6, random_state=0)
    assert largest(torch.tensor(rotated)).item() == pytest.approx(largest(torch.tensor(features)).item())


def test_descent_shortens_the_strongest_direction_and_no_other() -> None:
    features = rows(0, 5, 16)
    seen = shown([features], [rows(1, 4, 16)])
    slope = gradient(BSP(colour_network(), bsp_weight=1).terms(seen, P)["spectral"], seen.features_s).numpy()
    before = np.linalg.svd(features, compute_uv=False)
    after = np.linalg.svd(features - 0.1 * slope, compute_uv=False)
    wanted = before * [1 - 2 * 0.1, 1, 1, 1, 1]
    np.testing.assert_allclose(np.sort(after), np.sort(wanted), rtol=1e-6)


@pytest.mark.parametrize("features", [torch.zeros(3, 4), torch.eye(4), torch.ones(1, 4), torch.ones(2, 4)])
def test_equal_or_no_singular_values_have_a_finite_gradient(features: torch.Tensor) -> None:
    features.requires_grad_()
    assert gradient(largest(features), features).isfinite().all()


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf, 1e30])
def test_features_that_are_not_finite_give_a_loss_that_is_not_finite(wrong: float) -> None:
    assert not largest(torch.full((3, 4), wrong)).isfinite()


def test_a_training_that_breaks_down_is_told_as_with_any_method(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="The loss stopped being finite"):
        train_toy(blueprint("dann+bsp", steps=4, optimizer="sgd", learning_rate=1e18), Run(tmp_path))


def test_beside_an_adversary_the_strongest_direction_has_less_of_the_features(tmp_path: Path) -> None:
    images = colours(2, 0.17).images
    shares = []
    for name in ("dann", "dann+bsp"):
        method = adapted_to_shifted_colours(name, tmp_path / name)
        strengths = np.linalg.svd(features(method, images), compute_uv=False) ** 2
        shares.append(strengths[0] / strengths.sum())
    assert shares[1] < 0.95 * shares[0]
