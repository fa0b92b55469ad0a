"""The networks of self-ensembling and AdaMatch: layer by layer as their papers have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from test_networks import build
from torch import nn

from synthda.adapt.network import ROUNDING, Network, Standardise
from synthda.adapt.networks.self_ensembling import SelfEnsemblingDigits, SelfEnsemblingSigns
from synthda.adapt.networks.wide_resnet import WideResNet28x2


def convolutions(network: Network) -> list[tuple[int, int, int]]:
    """(channels in, channels out, kernel) in the order of the layers."""
    layers = [layer for layer in network.feature_extractor.modules() if isinstance(layer, nn.Conv2d)]
    return [(layer.in_channels, layer.out_channels, layer.kernel_size[0]) for layer in layers]


def map_sizes(network: Network) -> list[tuple[int, int]]:
    """(channels, side) of what each convolution gives, in the order in which they run."""
    seen: list[tuple[int, int]] = []
    for layer in network.feature_extractor.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda layer, taken, given: seen.append((given.shape[1], given.shape[2])))
    network.eval().features(torch.zeros(1, 3, *network.input_size))
    return seen


def test_the_self_ensembling_networks_are_the_papers() -> None:
    digits = [(128, 32)] * 3 + [(256, 16)] * 3 + [(512, 6), (256, 6), (128, 6)]
    signs = [(96, 40)] * 3 + [(192, 20)] * 3 + [(384, 10)] * 3
    assert map_sizes(SelfEnsemblingDigits(10)) == digits
    assert map_sizes(SelfEnsemblingSigns(43)) == signs
    assert [kernel for *_, kernel in convolutions(SelfEnsemblingDigits(10))] == [3] * 7 + [1, 1]
    assert SelfEnsemblingSigns(43).feature_dim == 384
    dropouts = [type(layer).__name__ for layer in SelfEnsemblingDigits(10).modules()].count("Dropout")
    assert dropouts == 2


def test_the_wide_residual_network_has_28_layers_of_twice_the_width() -> None:
    network = WideResNet28x2(10)
    layers = convolutions(network)
    depth = [kernel for *_, kernel in layers].count(3) + 3  # the paper counts the three shortcuts, not the last layer
    assert depth == 28
    assert layers[0] == (3, 16, 3)
    assert {channels for _, channels, _ in layers[1:]} == {32, 64, 128}
    assert map_sizes(network)[-1] == (128, 8)
    assert sum(parameter.numel() for parameter in network.parameters()) == 1_467_610  # "1.5 million" in print


def test_a_residual_block_adds_to_what_came_in() -> None:
    network = WideResNet28x2(10).eval()
    block, maps = network.feature_extractor[2], torch.rand(2, 32, 8, 8)
    nn.init.zeros_(block.residual[-1].weight)
    assert torch.equal(block(maps), maps)
    first, maps = network.feature_extractor[1], torch.rand(2, 16, 8, 8) - 0.5
    nn.init.zeros_(first.residual[-1].weight)
    scale = (1 + first.activation[0].eps) ** -0.5
    active = torch.where(maps > 0, maps, 0.1 * maps) * scale
    torch.testing.assert_close(first(maps), first.shortcut(active))


def standardised(images: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = images - images.mean(axis=(1, 2, 3), keepdims=True)
    return np.asarray(centred / images.std(axis=(1, 2, 3), keepdims=True))


def test_each_image_is_standardised_by_itself() -> None:
    images = np.random.default_rng(0).random((4, 3, 8, 8))
    found = Standardise()(torch.from_numpy(images))
    np.testing.assert_allclose(found, standardised(images), rtol=1e-4)
    assert torch.equal(found[:1], Standardise()(torch.from_numpy(images[:1])))


def test_an_even_image_is_not_blown_up_to_noise() -> None:
    night = torch.full((1, 3, 8, 8), 0.1)
    assert Standardise()(night).abs().max() < 1e-3
    night[..., ::2] += ROUNDING
    assert 0.4 < Standardise()(night).abs().max() < 0.5


@pytest.mark.parametrize(
    "name", ["self-ensembling-digits", "self-ensembling-signs", "ganin-mnist", "ganin-svhn", "ganin-gtsrb"]
)
def test_light_and_contrast_change_nothing_where_images_are_standardised(name: str) -> None:
    asked = {"standardise": "true"} if name.startswith("ganin") else {}
    network = build(name, size=(32, 32), **asked)
    images = torch.rand(3, 3, 32, 32)
    found: Any = network(images)
    network.normalise_by(torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.5, 0.25, 0.125]))
    torch.testing.assert_close(network(images), found)
    torch.testing.assert_close(network(0.5 * images + 0.25), found, rtol=1e-2, atol=1e-2)
