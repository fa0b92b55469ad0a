"""Two streams: what relates their weights, which of them learns what, and which is deployed."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from shown import accuracy_on_shifted_colours, batch, colour_network
from torch import nn
from torch.nn import functional as F
from toy import blueprint, build

from synthda.adapt.kernels import mmd, multi_kernel, uniform
from synthda.adapt.methods.source_only import SourceOnly
from synthda.adapt.methods.two_stream import TwoStream, growth, layer_weights
from synthda.adapt.networks.ganin import GaninMnist

P = torch.tensor(0.5)


def apart(by: float = 0.01, **settings: float) -> TwoStream:
    """Each weight of the target's stream differs from the source's."""
    method = TwoStream(colour_network(), **settings)
    with torch.no_grad():
        for parameter in method.network.feature_extractor.parameters():
            parameter.add_(by)
    return method


def test_each_layer_grows_by_the_exponential_of_its_squared_distance_from_the_line() -> None:
    method = apart(relation_weight=2)
    source, target = (
        np.concatenate([weight.detach().numpy().ravel() for weight in network.feature_extractor.parameters()])
        for network in (method.source_stream, method.network)
    )
    with torch.no_grad():
        method.scales.fill_(-0.1 * np.linalg.norm(source))
        method.shifts.fill_(0.05 * len(source) ** 0.5)
    away = ((0.9 * source + 0.05 - target) ** 2).sum()
    assert 0.05 < away < 1
    assert method.losses(batch(), P)["relation"].item() == pytest.approx(2 * math.expm1(away), rel=1e-5)


def test_a_layer_is_its_weights_with_its_biases() -> None:
    layers = nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Sequential(nn.Linear(2, 2, bias=False)))
    assert [len(row) for row in layer_weights(layers)] == [8, 4]


def test_weights_on_a_line_cost_nothing() -> None:
    method = apart(by=0.3)
    with torch.no_grad():
        method.shifts.fill_(0.3 * 64**0.5)  # 16 · 3 weights and 16 biases
    assert method.relation().item() == pytest.approx(0, abs=1e-6)


def test_the_line_moves_no_faster_than_the_weights() -> None:
    method = TwoStream(GaninMnist(10))
    with torch.no_grad():
        for parameter in method.network.feature_extractor.parameters():
            parameter.add_(1e-3 * torch.randn_like(parameter))
    gradients = torch.autograd.grad(
        method.relation(), [method.scales, method.shifts, *method.network.feature_extractor.parameters()]
    )
    weights = torch.cat([gradient.flatten() for gradient in gradients[2:]]).norm()
    assert gradients[0].norm() <= weights
    assert gradients[1].norm() <= weights


def test_far_away_the_exponential_goes_on_as_its_tangent() -> None:
    distance = torch.tensor([0.0, 0.5, 1.0, 3.0, 1e4], requires_grad=True)
    grown = growth(distance)
    torch.testing.assert_close(grown, torch.tensor([0, math.expm1(0.5), math.e - 1, 3 * math.e - 1, 1e4 * math.e - 1]))
    (slope,) = torch.autograd.grad(grown.sum(), distance)
    torch.testing.assert_close(slope, torch.tensor([1, math.exp(0.5), *[math.e] * 3]))


def test_the_source_stream_learns_the_labels_and_the_discrepancy_moves_both() -> None:
    method, given = apart(mmd_weight=3), batch()
    terms = method.losses(given, P)
    label = F.cross_entropy(method.source_stream(given.source[0]), given.source_labels)
    assert terms["label"].item() == pytest.approx(label.item())
    source, target = method.source_stream.features(given.source[0]), method.network.features(given.target[0])
    discrepancy = mmd(multi_kernel(torch.cat([source, target])), uniform(source), 9)
    assert terms["mmd"].item() == pytest.approx(3 * discrepancy.item())
    streams = [next(each.feature_extractor.parameters()) for each in (method.source_stream, method.network)]
    reached = {}
    for name, term in terms.items():
        gradients = torch.autograd.grad(term, streams, retain_graph=True, allow_unused=True)
        reached[name] = [found is not None for found in gradients]
    assert reached == {"label": [True, False], "relation": [True, True], "mmd": [True, True]}


def test_both_streams_begin_as_the_trained_one_share_its_label_predictor_and_the_targets_is_deployed() -> None:
    trained, method = SourceOnly(colour_network()), apart()
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.add_(1)
    method.begin_from(trained)
    images, wanted = batch().target[0], trained.network(batch().target[0])
    for stream in (method.network, method.source_stream):
        torch.testing.assert_close(stream(images), wanted)
    assert method.relation().item() == 0
    assert method.network.label_predictor is method.source_stream.label_predictor
    with torch.no_grad():
        method.source_stream.feature_extractor[1].weight.zero_()
    torch.testing.assert_close(method.predict(images), wanted)


def test_it_is_normalised_as_the_run_that_it_starts_from() -> None:
    method = build(blueprint("two-stream"))
    assert isinstance(method, TwoStream)
    assert (method.network.mean != 0.5).all()
    torch.testing.assert_close(method.source_stream.mean, method.network.mean)


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain", shift=0.13)
    assert accuracy_on_shifted_colours("two-stream", tmp_path / "adapted", shift=0.13) > plain + 0.1
