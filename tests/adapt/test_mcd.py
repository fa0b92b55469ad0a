"""MCD: which parameters each of its three steps moves, and which way."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest
import torch
from shown import accuracy_on_shifted_colours, batch, colour_network
from torch import Tensor
from torch.nn import functional as F

from synthda.adapt.methods.mcd import MCD

P = torch.tensor(0.5)


def test_the_terms_are_both_cross_entropies_and_the_mean_difference_of_the_chances() -> None:
    method, given = MCD(colour_network()), batch()
    features_s, features_t = (method.network.features(side[0]) for side in (given.source, given.target))
    predictors = (method.network.label_predictor, method.second)
    label = torch.stack([F.cross_entropy(each(features_s), given.source_labels) for each in predictors]).sum()
    first, second = (each(features_t).softmax(1) for each in predictors)
    terms = method.losses(given, P)
    assert terms["label"].item() == pytest.approx(label.item())
    assert terms["discrepancy"].item() == pytest.approx((first - second).abs().sum().item() / (9 * 2))


def test_equal_predictors_differ_in_nothing_and_either_may_be_the_second() -> None:
    method, given = MCD(colour_network()), batch()
    before = method.losses(given, P)["discrepancy"].item()
    method.network.label_predictor, method.second = method.second, method.network.label_predictor
    assert before > 0
    assert method.losses(given, P)["discrepancy"].item() == pytest.approx(before)
    method.second.load_state_dict(method.network.label_predictor.state_dict())
    assert method.losses(given, P)["discrepancy"].item() == 0


def test_a_step_descends_labels_then_predictors_apart_then_features_together() -> None:
    method, asked = MCD(colour_network(), generator_steps=3), []

    def descend(loss: Tensor, *names: str) -> None:
        extractor = list(method.network.feature_extractor.parameters())
        reached = torch.autograd.grad(loss, extractor, allow_unused=True)
        asked.append((names, any(found is not None for found in reached), loss.item()))

    terms = method.step(batch(), P, descend)
    label, discrepancy = terms["label"].item(), terms["discrepancy"].item()
    assert [names for names, _, _ in asked] == [("generator", "predictors"), ("predictors",), *[("generator",)] * 3]
    assert [reaches for _, reaches, _ in asked] == [True, False, True, True, True]
    values = [value for _, _, value in asked]
    assert values == pytest.approx([label, label - discrepancy, *[discrepancy] * 3], abs=1e-6)


def test_it_predicts_with_both() -> None:
    method, images = MCD(colour_network()), batch().target[0]
    features = method.network.features(images)
    expected = (method.network.label_predictor(features) + method.second(features)) / 2
    torch.testing.assert_close(method.predict(images), expected)


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    """The median of three orders of the images: now and then the predictors agree before the gap is reached."""
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain", shift=0.13)
    found = [accuracy_on_shifted_colours("mcd", tmp_path / str(seed), shift=0.13, seed=seed) for seed in range(3)]
    assert median(found) > plain + 0.1
