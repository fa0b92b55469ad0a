"""DANN by hand: where the gradient turns round, where λ stands, what the domain classifier is told."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from shown import accuracy_on_shifted_colours
from torch import Tensor, nn
from torch.nn import functional as F

from synthda.adapt.method import Batch
from synthda.adapt.methods.dann import DANN
from synthda.adapt.network import Network
from synthda.adapt.networks.layers import fully_connected

SIDE = 4


def network(*, batch_norm: bool = False) -> Network:
    torch.manual_seed(0)
    layers: list[nn.Module] = [
        nn.Conv2d(3, 5, 3),
        *([nn.BatchNorm2d(5)] if batch_norm else []),
        nn.Tanh(),
        nn.Flatten(),
    ]
    made = Network(nn.Sequential(*layers), fully_connected((20, 3)), 3, (SIDE, SIDE))
    made.domain_hidden = (6,)  # type: ignore[misc]
    return made


def method(*, batch_norm: bool = False, gamma: float = 10.0, lambda_max: float = 1.0) -> DANN:
    made = DANN(network(batch_norm=batch_norm), gamma=gamma, lambda_max=lambda_max).double()
    return made.train()


def batch(n_source: int = 4, n_target: int = 7) -> Batch:
    generator = torch.Generator().manual_seed(1)
    source = torch.rand(n_source, 3, SIDE, SIDE, generator=generator, dtype=torch.float64)
    target = torch.rand(n_target, 3, SIDE, SIDE, generator=generator, dtype=torch.float64) ** 2
    zeros = torch.zeros(n_source, dtype=torch.int64)
    return Batch(
        (source,), torch.arange(n_source) % 3, zeros, zeros, (target,), torch.zeros(n_target, dtype=torch.int64)
    )


def progress(p: float) -> Tensor:
    return torch.tensor(p, dtype=torch.float64)


def unreversed_domain_loss(dann: DANN, given: Batch) -> Tensor:
    """The cross-entropies of the domain classifier, written out, without a reversal: source is 0, target is 1."""
    chance_s = torch.sigmoid(dann.domain_classifier(dann.network.features(given.source[0])))
    chance_t = torch.sigmoid(dann.domain_classifier(dann.network.features(given.target[0])))
    return -((1 - chance_s).log().mean() + chance_t.log().mean()) / 2


def gradients(loss: Tensor, module: nn.Module) -> list[Tensor]:
    return list(torch.autograd.grad(loss, list(module.parameters()), retain_graph=True))


def lambda_at(p: float, gamma: float = 10.0) -> float:
    return 2 / (1 + math.exp(-gamma * p)) - 1


def test_the_terms_are_the_two_cross_entropies() -> None:
    dann, given = method(), batch()
    terms = dann.losses(given, progress(0.5))
    expected = F.cross_entropy(dann.network(given.source[0]), given.source_labels)
    torch.testing.assert_close(terms["label"], expected)
    torch.testing.assert_close(terms["domain"], unreversed_domain_loss(dann, given))


def test_sources_with_a_label_each_are_told_apart_and_the_target_is_the_last() -> None:
    dann = DANN(network(), source_domains=2).double()
    given = replace(batch(), source_domain=torch.tensor([0, 1, 1, 0]))
    chances = [
        dann.domain_classifier(dann.network.features(images)).softmax(dim=1)
        for images in (given.source[0], given.target[0])
    ]
    right = (chances[0][[0, 3], 0], chances[0][[1, 2], 1], chances[1][:, 2])
    expected = -sum(each.log().mean() for each in right) / 3
    torch.testing.assert_close(dann.losses(given, progress(0.5))["domain"], expected)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
def test_the_feature_extractor_receives_minus_lambda_times_the_domain_gradient(p: float) -> None:
    dann, given = method(), batch()
    reversed_ = gradients(dann.losses(given, progress(p))["domain"], dann.network.feature_extractor)
    plain = gradients(unreversed_domain_loss(dann, given), dann.network.feature_extractor)
    for one, other in zip(reversed_, plain, strict=True):
        torch.testing.assert_close(one, -lambda_at(p) * other)
        assert other.abs().max() > 1e-6


@pytest.mark.parametrize("p", [0.0, 0.1, 1.0])
def test_the_domain_classifier_learns_at_full_strength_whatever_lambda_is(p: float) -> None:
    dann, given = method(lambda_max=0.3), batch()
    found = gradients(dann.losses(given, progress(p))["domain"], dann.domain_classifier)
    plain = gradients(unreversed_domain_loss(dann, given), dann.domain_classifier)
    for one, other in zip(found, plain, strict=True):
        torch.testing.assert_close(one, other)


def test_the_label_loss_reaches_the_features_unreversed_and_the_domain_classifier_not_at_all() -> None:
    dann, given = method(), batch()
    label = dann.losses(given, progress(1.0))["label"]
    plain = F.cross_entropy(dann.network(given.source[0]), given.source_labels)
    for one, other in zip(gradients(label, dann.network), gradients(plain, dann.network), strict=True):
        torch.testing.assert_close(one, other)
    unused = torch.autograd.grad(label, list(dann.domain_classifier.parameters()), allow_unused=True)
    assert unused == (None,) * len(unused)


def test_the_whole_update_of_the_features_is_label_minus_lambda_times_domain() -> None:
    dann, given = method(lambda_max=0.7), batch()
    terms = dann.losses(given, progress(0.2))
    whole = gradients(terms["label"] + terms["domain"], dann.network.feature_extractor)
    label = gradients(terms["label"], dann.network.feature_extractor)
    domain = gradients(unreversed_domain_loss(dann, given), dann.network.feature_extractor)
    for total, from_label, from_domain in zip(whole, label, domain, strict=True):
        torch.testing.assert_close(total, from_label - 0.7 * lambda_at(0.2) * from_domain)


@pytest.mark.parametrize(("n_source", "n_target"), [(1, 9), (9, 1), (4, 4)])
def test_the_two_batches_may_differ_in_size(n_source: int, n_target: int) -> None:
    dann, given = method(), batch(n_source, n_target)
    torch.testing.assert_close(dann.losses(given, progress(0.5))["domain"], unreversed_domain_loss(dann, given))


def test_source_is_domain_0_and_target_is_domain_1() -> None:
    dann, given = method(), batch(3, 5)
    with torch.no_grad():
        dann.domain_classifier[-1].weight.zero_()
        dann.domain_classifier[-1].bias.fill_(50.0)
    terms = dann.losses(given, progress(0.5))
    assert terms["domain_accuracy"].item() == pytest.approx(1 / 2)
    assert terms["domain"].item() == pytest.approx(50 / 2)


def test_the_domain_term_is_not_degenerate() -> None:
    """It starts near ln 2, and a domain classifier that descends it learns to tell the domains apart."""
    dann, given = method(), batch(16, 16)
    first = dann.losses(given, progress(0.0))["domain"].item()
    assert first == pytest.approx(math.log(2), abs=0.3)
    optimizer = torch.optim.Adam(dann.domain_classifier.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        dann.losses(given, progress(0.0))["domain"].backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    terms = dann.losses(given, progress(0.0))
    assert terms["domain"].item() < first / 3
    assert terms["domain_accuracy"].item() == 1


def test_features_that_climb_the_domain_loss_confuse_a_fixed_classifier() -> None:
    dann, given = method(), batch(16, 16)
    optimizer = torch.optim.SGD(dann.network.feature_extractor.parameters(), lr=0.5)
    before = dann.losses(given, progress(1.0))["domain"].item()
    for _ in range(10):
        optimizer.zero_grad()
        dann.losses(given, progress(1.0))["domain"].backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert dann.losses(given, progress(1.0))["domain"].item() > before


def test_lambda_is_a_function_of_progress_and_of_nothing_that_went_before() -> None:
    dann, given = method(), batch()
    fresh = gradients(dann.losses(given, progress(0.3))["domain"], dann.network.feature_extractor)
    for p in (0.9, 0.0, 1.0, 0.5):
        dann.losses(given, progress(p))
    again = gradients(dann.losses(given, progress(0.3))["domain"], dann.network.feature_extractor)
    assert all(torch.equal(one, other) for one, other in zip(fresh, again, strict=True))
    assert (
        not dann.state_dict().keys()
        - {f"network.{name}" for name in dann.network.state_dict()}
        - {f"domain_classifier.{name}" for name in dann.domain_classifier.state_dict()}
    ), "no counter is kept"


def test_with_lambda_max_0_the_features_learn_from_labels_alone() -> None:
    dann, given = method(lambda_max=0.0), batch()
    terms = dann.losses(given, progress(1.0))
    both = gradients(terms["label"] + terms["domain"], dann.network)
    label = gradients(terms["label"], dann.network)
    for one, other in zip(both, label, strict=True):
        torch.testing.assert_close(one, other)


def test_the_target_changes_the_features_only_through_the_domain_term() -> None:
    dann, given = method(), batch()
    other = replace(given, target=(1 - given.target[0],))
    one, two = (dann.losses(each, progress(0.5)) for each in (given, other))
    torch.testing.assert_close(one["label"], two["label"])
    assert not torch.allclose(one["domain"], two["domain"])


def test_the_domain_classifier_has_the_widths_that_the_network_names() -> None:
    widths = [layer.out_features for layer in method().domain_classifier if isinstance(layer, nn.Linear)]
    assert widths == [6, 1]


def test_domain_accuracy_is_an_observation_and_carries_no_gradient() -> None:
    assert not method().losses(batch(), progress(0.5))["domain_accuracy"].requires_grad


def test_a_batch_has_no_place_for_target_labels() -> None:
    assert {field.name for field in fields(Batch)} == {
        "source",
        "source_labels",
        "source_domain",
        "source_index",
        "target",
        "target_index",
        "labelled_target",
    }
    assert isinstance(batch().labelled_target, int)  # how many of the source's are of the target


def test_with_batch_norm_each_domain_is_normalised_alone_and_the_target_is_deployed() -> None:
    dann, given = method(batch_norm=True), batch()
    norm = dann.network.feature_extractor[1]
    convolved = dann.network.feature_extractor[0](given.target[0] - 0.5)
    features_s, _ = dann.network.features_of_both(given.source[0], given.target[0])
    alone, _ = dann.network.features_of_both(given.source[0], 1 - given.target[0])
    torch.testing.assert_close(features_s, alone)
    fresh = method(batch_norm=True)
    fresh.network.features_of_both(given.source[0], given.target[0])
    followed = fresh.network.feature_extractor[1].running_mean
    torch.testing.assert_close(followed, norm.momentum * convolved.mean(dim=(0, 2, 3)))


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain")
    assert accuracy_on_shifted_colours("dann", tmp_path / "adapted", learning_rate=0.03) > plain + 0.15
