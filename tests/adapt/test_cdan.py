"""CDAN and CDAN+E by hand: what the domain classifier sees, what reaches the features, what each image weighs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from gaps import bluer_corners
from scipy.special import softmax
from scipy.stats import entropy
from shown import accuracy_on_shifted_colours, colour_network, gradient, rows, shown
from torch import nn
from torch.nn import functional as F

from synthda.adapt.methods.cdan import CDAN, CDANE
from synthda.adapt.network import Network
from synthda.adapt.networks.layers import fully_connected
from synthda.adapt.schedules import adaptation_factor

P = torch.tensor(0.5, dtype=torch.float64)
SOURCE, TARGET = [rows(0, 5, 16), rows(1, 5, 2)], [rows(2, 7, 16), rows(3, 7, 2)]


def losses_of_each(method: CDAN) -> torch.Tensor:
    features, logits = (np.concatenate([s, t]) for s, t in zip(SOURCE, TARGET, strict=True))
    products = np.stack([np.outer(g, f).ravel() for f, g in zip(features, softmax(logits, axis=1), strict=True)])
    domains = torch.tensor([0.0] * 5 + [1.0] * 7, dtype=torch.float64)
    found = method.domain_classifier(torch.tensor(products)).squeeze(1)
    return F.binary_cross_entropy_with_logits(found, domains, reduction="none")


def mean_of_both(each: torch.Tensor) -> torch.Tensor:
    return (each[:5].mean() + each[5:].mean()) / 2


def test_the_domain_classifier_sees_each_feature_times_each_chance() -> None:
    method = CDAN(colour_network()).double()
    found = method.terms(shown(SOURCE, TARGET), P)["domain"]
    assert found.item() == pytest.approx(mean_of_both(losses_of_each(method)).item())


def test_with_entropy_the_surer_images_weigh_more_and_each_domain_as_before() -> None:
    method = CDANE(colour_network()).double()
    weights = [1 + np.exp(-entropy(softmax(logits, axis=1), axis=1)) for logits in (SOURCE[1], TARGET[1])]
    weights = torch.tensor(np.concatenate([each / each.mean() for each in weights]))
    found = method.terms(shown(SOURCE, TARGET), P)["domain"]
    assert found.item() == pytest.approx(mean_of_both(losses_of_each(method) * weights).item())


def test_the_gradient_turns_round_at_the_features_and_stops_at_the_predictions() -> None:
    method = CDAN(colour_network(), lambda_max=0.4).double()
    seen = shown(SOURCE, TARGET)
    term = method.terms(seen, P)["domain"]
    products = seen.layers_s[1].softmax(1).detach()[:, :, None] * seen.features_s[:, None, :]
    unreversed = F.softplus(method.domain_classifier(products.flatten(1))).mean() / 2
    factor = -0.4 * adaptation_factor(P)
    torch.testing.assert_close(
        gradient(term, seen.features_s), factor * gradient(unreversed, seen.features_s), rtol=1e-6, atol=1e-9
    )
    with pytest.raises(RuntimeError, match="not have been used"):
        gradient(term, seen.layers_s[1])


def test_a_wide_product_is_replaced_by_a_random_map_that_keeps_inner_products_on_average() -> None:
    torch.manual_seed(0)
    network = Network(nn.Sequential(nn.Flatten()), fully_connected((600, 10)), 10, (4, 4))
    method = CDAN(network)
    assert method.domain_classifier[0].in_features == 1024
    features, chances = torch.randn(2, 600), torch.rand(2, 10)
    mapped = method._together(features, chances)
    exact = (features[0] @ features[1]) * (chances[0] @ chances[1])
    lengths = features.norm(dim=1) * chances.norm(dim=1)
    assert abs(mapped[0] @ mapped[1] - exact) < 0.15 * lengths.prod()
    torch.testing.assert_close(mapped.norm(dim=1), lengths, rtol=0.15, atol=0)
    assert "random_features" in method.state_dict()


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain")
    assert accuracy_on_shifted_colours("cdan", tmp_path / "adapted") > plain + 0.15


def test_with_entropy_it_unlearns_what_differs_between_the_domains(tmp_path: Path) -> None:
    gap = bluer_corners(0.2)
    plain, found = (gap.accuracies(method, tmp_path / method, momentum=0.5) for method in ("source-only", "cdan-e"))
    assert min(found) > max(plain) + 0.3
