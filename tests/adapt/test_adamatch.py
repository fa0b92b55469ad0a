"""AdaMatch: its logits, its alignment, its threshold, and that the average is what is deployed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from shown import accuracy_on_shifted_colours, colour_network
from torch import Tensor, nn
from toy import blueprint, domain

from synthda.adapt.alignment import REMEMBERED
from synthda.adapt.feed import Feed
from synthda.adapt.method import Batch
from synthda.adapt.methods.adamatch import AdaMatch
from synthda.adapt.network import Network

LATE = torch.tensor(0.9)


def batch() -> Batch:
    """Weak and strong views of 4 images of the source and 5 of the target."""
    images = torch.rand(18, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    zeros = torch.zeros(4).long()
    source, target = (images[:4], images[4:8]), (images[8:13], images[13:])
    return Batch(source, torch.arange(4) % 2, zeros, zeros, target, torch.zeros(5).long())


def normalised() -> Network:
    network = colour_network()
    network.feature_extractor.append(nn.BatchNorm1d(16))
    return network


def sure_network() -> Network:
    """Whose predictions differ from image to image."""
    network = colour_network()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(4)
    return network


def no_descent(loss: Tensor, *names: str) -> None:
    pass


def numbers(network: Network, images: Tensor) -> np.ndarray:
    found: np.ndarray = network(images).detach().double().numpy()
    return found


def test_its_terms_are_those_of_the_paper() -> None:
    method, given = AdaMatch(sure_network(), target_weight=2, relative_confidence=0.95), batch()
    method.shares.recent[0, -2:] = torch.tensor([[0.6, 0.4], [0.7, 0.3]])
    method.shares.recent[1, -2:] = torch.tensor([[0.3, 0.7], [0.4, 0.6]])
    source_weak, source_strong = (numbers(method.network, view) for view in given.source)
    target_weak, target_strong = (numbers(method.network, view) for view in given.target)
    labels = given.source_labels.numpy()

    label = -np.mean([log_softmax(each, axis=1)[np.arange(4), labels] for each in (source_weak, source_strong)])
    aligned = softmax(target_weak, axis=1) * [1.3 / 0.7, 0.7 / 1.3]
    aligned /= aligned.sum(axis=1, keepdims=True)
    least = 0.95 * softmax(source_weak, axis=1).max(axis=1).mean()
    sure = aligned.max(axis=1) >= least
    assert 0 < sure.sum() < 5
    each = -log_softmax(target_strong, axis=1)[np.arange(5), aligned.argmax(axis=1)]

    terms = method.losses(given, LATE)
    assert terms["label"].item() == pytest.approx(label, rel=1e-5)
    assert terms["consistency"].item() == pytest.approx(2 * (each * sure).sum() / 5, rel=1e-4)
    assert terms["sure"].item() == pytest.approx(sure.mean())
    assert terms["least_confidence"].item() == pytest.approx(least, rel=1e-5)


@pytest.mark.parametrize(("p", "weight"), [(0, 0), (0.125, 0.5 - 0.5**1.5), (0.25, 0.5), (0.5, 1), (0.8, 1)])
def test_the_targets_loss_rises_over_the_first_half(p: float, weight: float) -> None:
    method, given = AdaMatch(colour_network(), relative_confidence=0), batch()
    whole = method.losses(given, LATE)["consistency"].item()
    assert method.losses(given, torch.tensor(p))["consistency"].item() == pytest.approx(weight * whole, abs=1e-6)


def test_alignment_gives_the_target_the_shares_of_the_source() -> None:
    method = AdaMatch(colour_network())
    chances = torch.tensor([[0.8, 0.2], [0.5, 0.5]])
    torch.testing.assert_close(method.shares.align(chances), chances)
    method.shares.recent[0, -1], method.shares.recent[1, -1] = torch.tensor([0.5, 0.5]), torch.tensor([0.8, 0.2])
    torch.testing.assert_close(method.shares.align(chances), torch.tensor([[0.5, 0.5], [0.2, 0.8]]), rtol=0, atol=1e-5)


def test_the_shares_are_means_over_the_last_steps_this_one_included() -> None:
    method, given = AdaMatch(colour_network(), ema=1), batch()
    history = torch.rand(2, REMEMBERED, 2)
    method.shares.recent = history.clone()
    means = [method.network(views[0]).softmax(dim=1).mean(dim=0).detach() for views in (given.source, given.target)]
    method.step(given, LATE, no_descent)
    torch.testing.assert_close(method.shares.recent[:, :-1], history[:, 1:])
    torch.testing.assert_close(method.shares.recent[:, -1], torch.stack(means))


def test_no_gradient_reaches_the_weak_view_of_the_target() -> None:
    method, given = AdaMatch(colour_network(), relative_confidence=0), batch()
    weak, strong = (view.clone().requires_grad_() for view in given.target)
    term = method.losses(replace(given, target=(weak, strong)), LATE)["consistency"]
    through_weak, through_strong = torch.autograd.grad(term, [weak, strong])
    assert (through_weak == 0).all()
    assert through_strong.abs().max() > 0


def test_with_batch_norm_the_sources_logits_lie_between_those_alone_and_those_beside_the_target(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    method, given = AdaMatch(normalised()).train(), batch()
    source, target = torch.cat(given.source), torch.cat(given.target)
    with method.network.running_statistics_kept():
        alone, beside = method.network(source), method.network(torch.cat([source, target]))
    assert not torch.allclose(alone, beside[:8], atol=1e-3)
    for lambda_ in (0.0, 0.25, 1.0):
        monkeypatch.setattr(torch, "rand_like", lambda logits, lambda_=lambda_: torch.full_like(logits, lambda_))
        found = method._logits(given)
        expected = lambda_ * beside[:8] + (1 - lambda_) * alone
        torch.testing.assert_close(torch.cat([found.source_weak, found.source_strong]), expected)
        torch.testing.assert_close(torch.cat([found.target_weak, found.target_strong]), beside[8:])


def test_the_running_statistics_are_those_of_both_domains_together() -> None:
    method, given = AdaMatch(normalised()).train(), batch()
    norm = method.network.feature_extractor[-1]
    norm.momentum = 1.0
    images = torch.cat([*given.source, *given.target])
    inputs = method.network.feature_extractor[:-1](images - method.network.mean)
    method.step(given, LATE, no_descent)
    torch.testing.assert_close(norm.running_mean, inputs.mean(dim=0))
    torch.testing.assert_close(method.averaged.feature_extractor[-1].running_mean, norm.running_mean)


def test_without_batch_norm_nothing_is_drawn_and_logits_are_the_networks() -> None:
    method, given = AdaMatch(colour_network()), batch()
    before = torch.get_rng_state()
    found = method._logits(given)
    assert torch.equal(torch.get_rng_state(), before)
    torch.testing.assert_close(found.source_strong, method.network(given.source[1]))
    torch.testing.assert_close(found.target_weak, method.network(given.target[0]))


def test_the_average_follows_and_predicts() -> None:
    method, given = AdaMatch(colour_network(), ema=0.75), batch()
    before = [parameter.clone() for parameter in method.averaged.parameters()]

    def descend(loss: Tensor, *names: str) -> None:
        loss.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            for parameter in method.network.parameters():
                parameter.add_(1)

    method.step(given, LATE, descend)
    for old, new, learnt in zip(before, method.averaged.parameters(), method.network.parameters(), strict=True):
        torch.testing.assert_close(new, 0.75 * old + 0.25 * learnt)
        assert new.grad is None
    images = given.source[0]
    torch.testing.assert_close(method.predict(images), method.averaged(images))
    assert not torch.allclose(method.predict(images), method.network(images))


def test_the_loop_gives_it_a_weak_and_a_strong_view_of_both_domains() -> None:
    plan = blueprint("adamatch", source_view="none", target_view="none")
    feed = Feed(plan.build(), [domain()], domain(target=True).images, plan.recipe, 0, torch.device("cpu"))
    torch.manual_seed(0)
    given = feed.batch(0)
    assert [view.shape for view in given.source] == [(16, 3, 16, 16)] * 2
    assert [view.shape for view in given.target] == [(12, 3, 16, 16)] * 2
    assert not torch.equal(*given.source)
    assert not torch.equal(*given.target)


@pytest.mark.parametrize("network", [colour_network, normalised])
def test_on_shifted_colours_it_finds_the_gap_between_the_classes(
    network: Callable[[], Network], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Views that change the light would change the class.
    monkeypatch.setattr(AdaMatch, "source_views", ("none", "none"))
    monkeypatch.setattr(AdaMatch, "target_views", ("none", "none"))
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain", network=network)
    adapted = accuracy_on_shifted_colours("adamatch", tmp_path / "adapted", network=network, ema=0.9)
    assert adapted > plain + 0.1
