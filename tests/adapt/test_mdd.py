"""MDD by hand: what the adversary is told, and what reaches the features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from shown import accuracy_on_shifted_colours, colour_network, gradient, rows, shown
from torch.nn import functional as F

from synthda.adapt.methods.mdd import MDD, not_chosen
from synthda.adapt.schedules import adaptation_factor

P = torch.tensor(0.5, dtype=torch.float64)
SOURCE, TARGET = [rows(0, 5, 16), rows(1, 5, 2)], [rows(2, 7, 16), rows(3, 7, 2)]


def test_the_adversary_agrees_on_the_source_and_disagrees_on_the_target() -> None:
    method = MDD(colour_network(), margin=3).double()
    seen = shown(SOURCE, TARGET)
    agreement = F.cross_entropy(method.adversary(seen.features_s), seen.layers_s[1].argmax(1))
    chances = method.adversary(seen.features_t).softmax(1)
    of_other_class = chances[range(7), 1 - seen.layers_t[1].argmax(1)]
    expected = 3 * agreement - of_other_class.log().mean()
    assert method.terms(seen, P)["disparity"].item() == pytest.approx(expected.item())


def test_features_climb_what_the_adversary_descends_by_lambda() -> None:
    method = MDD(colour_network(), margin=3, mdd_lambda=0.2).double()
    seen = shown(SOURCE, TARGET)
    term = method.terms(seen, P)["disparity"]
    plain = 3 * F.cross_entropy(method.adversary(seen.features_s), seen.layers_s[1].argmax(1))
    factor = -0.2 * adaptation_factor(P)
    torch.testing.assert_close(gradient(term, seen.features_s), factor * gradient(plain, seen.features_s))
    weight = next(method.adversary.parameters())
    assert gradient(term, weight).abs().sum() > 0


@pytest.mark.parametrize("gap", [5.0, 13.0, 20.0, 200.0])
def test_the_surer_the_adversary_is_of_the_same_class_the_more_it_is_pushed_away(gap: float) -> None:
    logits = torch.tensor([[gap, 0.0, -torch.inf]], requires_grad=True)
    found = not_chosen(logits, torch.tensor([[0]]))
    found.sum().backward()  # type: ignore[no-untyped-call]
    # −ln(1 − σ(gap)) = ln(1 + e^gap), whose slope is σ(gap)
    expected = np.logaddexp(0, gap)
    slope = 1 / (1 + np.exp(-gap))
    assert found.item() == pytest.approx(expected, rel=1e-6)
    assert logits.grad is not None
    np.testing.assert_allclose(logits.grad[0], [slope, -slope, 0], rtol=1e-5)


def test_an_adversary_that_agrees_entirely_on_the_target_still_learns_to_disagree() -> None:
    method = MDD(colour_network(), margin=1).double()
    bias = method.adversary[-1].bias  # type: ignore[index]
    with torch.no_grad():
        bias.copy_(torch.tensor([20.0, -20.0]))
    always = np.tile([1.0, 0.0], (5, 1))
    term = method.terms(shown([np.zeros((5, 16)), always], [np.zeros((5, 16)), always]), P)["disparity"]
    np.testing.assert_allclose(gradient(term, bias), [1, -1], atol=1e-6)


def test_the_adversary_starts_unlike_the_predictor() -> None:
    method = MDD(colour_network())
    predictor = next(method.network.label_predictor.parameters())
    assert not torch.equal(next(method.adversary.parameters()), predictor)


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain")
    assert accuracy_on_shifted_colours("mdd", tmp_path / "adapted", mdd_lambda=0.5) > plain + 0.15
