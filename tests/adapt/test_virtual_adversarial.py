"""Virtual adversarial training: the change that is found is the worst of its length."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from synthda.adapt.network import Network
from synthda.adapt.networks.layers import fully_connected
from synthda.adapt.virtual_adversarial import virtual_adversarial_loss


def linear(weight: list[float]) -> Network:
    """Two classes by the mean of one channel each: logits w · mean colour and its negative."""
    network = Network(nn.Sequential(nn.Flatten()), fully_connected((48, 2)), 2, (4, 4))
    network.mean.zero_()
    with torch.no_grad():
        row = torch.tensor(weight).repeat_interleave(16)
        network.label_predictor[0].weight.copy_(torch.stack([row, -row]))
        network.label_predictor[0].bias.zero_()
    return network.double()


def test_of_a_linear_network_it_is_the_divergence_after_a_step_along_the_weights() -> None:
    torch.manual_seed(0)
    network, images = linear([0.3, -0.2, 0.1]), torch.rand(1, 3, 4, 4, dtype=torch.float64)
    logits = network(images)
    row = network.label_predictor[0].weight[0]
    step = 0.5 * row.norm()
    divergences = []
    for sign in (1, -1):
        moved = logits + sign * torch.stack([step, -step])
        chances = logits.softmax(1)
        divergences.append((chances * (chances.log() - moved.log_softmax(1))).sum().item())
    found = virtual_adversarial_loss(network, images, logits, 0.5).item()
    assert min(abs(found - each) for each in divergences) < 1e-3 * max(divergences)


def test_no_other_change_of_that_length_moves_the_predictions_of_a_network_much_more() -> None:
    torch.manual_seed(0)
    network, images = linear([0.3, -0.2, 0.1]), torch.rand(4, 3, 4, 4, dtype=torch.float64)
    logits, chances = network(images), network(images).softmax(1)
    worst = virtual_adversarial_loss(network, images, logits, 0.2).item()
    for _ in range(20):
        change = torch.randn_like(images)
        change = 0.2 * change / change.flatten(1).norm(dim=1)[:, None, None, None]
        moved = network(images + change).log_softmax(1)
        assert (chances * (chances.log() - moved)).sum(1).mean().item() < worst


def test_a_network_that_ignores_its_input_is_smooth_and_sends_no_nan() -> None:
    network, images = linear([0.0, 0.0, 0.0]), torch.rand(2, 3, 4, 4, dtype=torch.float64)
    loss = virtual_adversarial_loss(network, images, network(images), 1.0)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == pytest.approx(0, abs=1e-12)
    assert torch.isfinite(network.label_predictor[0].weight.grad).all()


@pytest.mark.parametrize("sure", [1.0, 2.0])
def test_the_change_has_its_length_where_predictions_are_sure_and_the_gradient_all_but_gone(sure: float) -> None:
    """Logits lie 33 and 67 apart: the gradient's length is 1e-18 and 1e-32."""
    torch.manual_seed(0)
    network = linear([sure, -sure, sure / 2])
    images = torch.tensor([0.9, 0.1, 0.5], dtype=torch.float64).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    logits, seen = network(images), []
    network.feature_extractor.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    virtual_adversarial_loss(network, images, logits, 0.5)
    assert (seen[-1] - images).norm().item() == pytest.approx(0.5)


def test_batch_norm_keeps_its_statistics() -> None:
    network = linear([0.3, -0.2, 0.1])
    network.feature_extractor.append(nn.BatchNorm1d(48).double())
    images = torch.rand(4, 3, 4, 4, dtype=torch.float64)
    before = network.feature_extractor[-1].running_mean.clone()
    logits = torch.zeros(4, 2, dtype=torch.float64)
    virtual_adversarial_loss(network.train(), images, logits, 0.5)
    assert torch.equal(network.feature_extractor[-1].running_mean, before)
