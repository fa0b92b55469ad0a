"""VADA: the sum of its parts, each with its weight."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from gaps import bluer_corners, shifted_colours
from scipy.special import softmax
from scipy.stats import entropy as entropy_of
from shown import batch, colour_network
from torch import nn
from torch.nn import functional as F

from synthda.adapt.additive import Seen, entropy
from synthda.adapt.methods.vada import VADA
from synthda.adapt.network import Network
from synthda.adapt.networks.layers import fully_connected
from synthda.adapt.virtual_adversarial import virtual_adversarial_loss

P = torch.tensor(0.5)


def test_each_term_is_weighted_and_changes_have_half_the_papers_length_in_our_levels() -> None:
    method, given = VADA(colour_network(), smooth_source=2, smooth_target=3, entropy_weight=4, radius=1), batch()
    torch.manual_seed(1)
    terms = method.losses(given, P)
    torch.manual_seed(1)
    smooth = [
        virtual_adversarial_loss(method.network, side[0], method.network(side[0]), 0.5)
        for side in (given.source, given.target)
    ]
    assert terms["smooth_source"].item() == pytest.approx(2 * smooth[0].item(), rel=1e-4)
    assert terms["smooth_target"].item() == pytest.approx(3 * smooth[1].item(), rel=1e-4)
    unsure = entropy(method.network(given.target[0]).softmax(1)).mean()
    assert terms["entropy"].item() == pytest.approx(4 * unsure.item(), rel=1e-5)


def linear_network() -> Network:
    torch.manual_seed(0)
    network = Network(nn.Sequential(nn.Flatten()), fully_connected((48, 2)), 2, (4, 4))
    network.domain_hidden = (16,)  # type: ignore[misc]
    return network


def test_of_a_linear_network_the_terms_are_those_that_scipy_finds_along_its_weights() -> None:
    """Up and down the weights are the two directions in which a prediction moves: the draw tells which is taken."""
    method, given = VADA(linear_network(), smooth_source=2, smooth_target=3, entropy_weight=4, radius=1), batch(1, 1)
    terms = method.losses(given, P)
    weight, bias = (each.detach().double().numpy() for each in method.network.label_predictor[0].parameters())
    along = (weight[0] - weight[1]) / np.linalg.norm(weight[0] - weight[1])
    for name, factor, images in (("smooth_source", 2, given.source[0]), ("smooth_target", 3, given.target[0])):
        rows = images.double().numpy().reshape(1, 48) - 0.5
        before = softmax(rows @ weight.T + bias, axis=1)[0]
        after = [softmax((rows + sign * 0.5 * along) @ weight.T + bias, axis=1)[0] for sign in (1, -1)]
        wanted = [factor * entropy_of(before, moved) for moved in after]
        assert terms[name].item() == pytest.approx(wanted[0], rel=1e-3) or terms[name].item() == pytest.approx(
            wanted[1], rel=1e-3
        )
    assert terms["entropy"].item() == pytest.approx(4 * entropy_of(before), rel=1e-5)  # of the target, the last


def test_a_network_that_answers_always_the_same_is_smooth_and_as_unsure_as_its_answer() -> None:
    method = VADA(linear_network(), entropy_weight=4)
    with torch.no_grad():
        method.network.label_predictor[0].weight.zero_()
        method.network.label_predictor[0].bias.copy_(torch.tensor([2.0, 0.5]))
    terms = method.losses(batch(), P)
    assert terms["smooth_source"].item() == pytest.approx(0, abs=1e-6)
    assert terms["smooth_target"].item() == pytest.approx(0, abs=1e-6)
    assert terms["entropy"].item() == pytest.approx(4 * entropy_of(softmax([2, 0.5])), rel=1e-5)


def test_the_reversal_is_constant_and_the_domain_classifier_learns_at_full_strength() -> None:
    method, given = VADA(colour_network(), domain_weight=0.2), batch()
    seen = Seen(method.network, given)
    logits = method.domain_classifier(torch.cat([seen.features_s, seen.features_t])).squeeze(1)
    plain = (F.softplus(logits[:6]).mean() + F.softplus(-logits[6:]).mean()) / 2
    weight, own = next(method.network.feature_extractor.parameters()), next(method.domain_classifier.parameters())
    for p in (0.0, 1.0):
        found = torch.autograd.grad(method.losses(given, torch.tensor(p))["domain"], [weight, own])
        wanted = torch.autograd.grad(plain, [weight, own], retain_graph=True)
        torch.testing.assert_close(found[0], -0.2 * wanted[0])
        torch.testing.assert_close(found[1], wanted[1])


def test_on_shifted_colours_smoothness_and_entropy_find_the_gap_between_the_classes(tmp_path: Path) -> None:
    gap = shifted_colours(0.13)
    plain = gap.accuracies("source-only", tmp_path / "plain", orders=2)
    found = gap.accuracies("vada", tmp_path / "found", orders=2, domain_weight=0, smooth_target=1, entropy_weight=0.1)
    assert min(found) > max(plain) + 0.1


def test_the_reversal_unlearns_what_differs_between_the_domains(tmp_path: Path) -> None:
    """Beside the source alone, and beside smoothness and entropy alone."""
    gap = bluer_corners(0.2)
    how = {"orders": 2, "momentum": 0.5}
    plain = gap.accuracies("source-only", tmp_path / "plain", **how)  # type: ignore[arg-type]
    without = gap.accuracies("vada", tmp_path / "without", domain_weight=0, **how)  # type: ignore[arg-type]
    found = gap.accuracies("vada", tmp_path / "found", domain_weight=1, **how)  # type: ignore[arg-type]
    assert min(found) > max(plain) + 0.3
    assert min(found) > max(without) + 0.15
