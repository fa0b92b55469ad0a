"""Networks: shapes, sizes, normalisation inside, and the recipe that each carries."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.network import Network
from synthda.adapt.networks import NETWORKS
from synthda.adapt.networks.conv_small import ConvSmall
from synthda.adapt.networks.ganin import GaninMnist, GaninSvhn
from synthda.adapt.networks.layers import fully_connected
from synthda.errors import SettingError
from synthda.settings import load


def build(name: str, classes: int = 7, size: tuple[int, int] | None = None) -> Network:
    torch.manual_seed(0)
    network: Network = Blueprint.of("source-only", name, tuple("abcdefghij"[:classes]), input_size=size).build().network
    return network.eval()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_maps_images_to_features_and_logits(name: str) -> None:
    network = build(name)
    images = torch.rand(2, 3, *network.input_size)
    assert network.input_size == load("network", name, NETWORKS).default_size
    assert network.features(images).shape == (2, network.feature_dim)
    assert network(images).shape == (2, 7)
    assert torch.equal(network(images), network.label_predictor(network.features(images)))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_parts_are_sequences_whose_layers_can_be_tapped(name: str) -> None:
    network = build(name)
    assert isinstance(network.feature_extractor, nn.Sequential)
    assert isinstance(network.label_predictor, nn.Sequential)
    assert isinstance(network.label_predictor[-1], nn.Linear)
    assert network.label_predictor[-1].out_features == 7


@pytest.mark.parametrize("name", NETWORKS)
def test_an_image_gets_the_same_answer_alone_and_among_others(name: str) -> None:
    network = build(name)
    images = torch.rand(3, 3, *network.input_size)
    torch.testing.assert_close(network(images)[1:2], network(images[1:2]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_biases_start_at_zero_and_weights_within_glorots_bound(name: str) -> None:
    for module in build(name).modules():
        if isinstance(module, nn.Linear):
            assert module.weight.abs().max() <= (6 / (module.in_features + module.out_features)) ** 0.5
            assert not module.bias.any()


def test_the_mnist_network_is_the_papers() -> None:
    network = GaninMnist(10)
    assert network.feature_dim == 48 * 4 * 4
    assert network.domain_hidden == (100,)
    widths = [layer.out_features for layer in network.label_predictor if isinstance(layer, nn.Linear)]
    assert widths == [100, 100, 10]
    assert GaninMnist(10, padding="same").feature_dim == 48 * 7 * 7


def test_normalisation_is_part_of_the_network() -> None:
    network = build("conv-small", size=(16, 16))
    images = torch.rand(4, 3, 16, 16)
    network.normalise_by(torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.5, 0.25, 0.125]))
    shifted = (images - torch.tensor([0.1, 0.2, 0.3]).view(1, 3, 1, 1)) / torch.tensor([0.5, 0.25, 0.125]).view(
        1, 3, 1, 1
    )
    torch.testing.assert_close(network.features(images), network.feature_extractor(shifted))
    assert {"mean", "std"} <= set(network.state_dict())


def test_the_papers_networks_subtract_the_mean_and_do_not_scale() -> None:
    network = build("ganin-mnist")
    network.normalise_by(torch.full((3,), 0.4), torch.full((3,), 0.2))
    assert network.mean.unique().tolist() == pytest.approx([0.4])
    assert network.std.unique().tolist() == [1.0]


def test_a_channel_without_contrast_is_not_divided_by_zero() -> None:
    network = build("conv-small", size=(16, 16))
    network.normalise_by(torch.zeros(3), torch.zeros(3))
    assert network(torch.zeros(1, 3, 16, 16)).isfinite().all()


def test_the_small_network_ignores_light_and_contrast_that_its_first_layer_lets_through() -> None:
    network = build("conv-small", size=(16, 16))
    network.normalise_by(torch.zeros(3), torch.ones(3))
    inner = torch.rand(1, 3, 16, 16)
    inner[:, :, [0, -1]], inner[:, :, :, [0, -1]] = 0, 0
    torch.testing.assert_close(network.features(3 * inner), network.features(inner), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize(
    ("name", "size"),
    [("ganin-mnist", (12, 12)), ("ganin-svhn", (2, 2)), ("ganin-gtsrb", (20, 40)), ("conv-small", (15, 32))],
)
def test_images_too_small_for_the_layers_are_refused(name: str, size: tuple[int, int]) -> None:
    settings = {"padding": "valid"} if name == "ganin-svhn" else {}
    with pytest.raises(SettingError, match="px"):
        Blueprint.of("source-only", name, ("a", "b"), input_size=size, given=settings).build()


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("conv-small", "width", "2"),
        ("ganin-svhn", "dropout", "1.5"),
        ("ganin-svhn", "dropout", "-0.1"),
        ("ganin-mnist", "padding", "smae"),
        ("ganin-mnist", "width", "24"),
    ],
)
def test_a_bad_setting_is_refused(name: str, setting: str, value: str) -> None:
    with pytest.raises(SettingError, match=setting):
        Blueprint.of("source-only", name, ("a",), given={setting: value})


def test_images_need_not_be_square() -> None:
    assert ConvSmall(3, (24, 40))(torch.rand(2, 3, 24, 40)).shape == (2, 3)
    assert GaninSvhn(3, (24, 40))(torch.rand(1, 3, 24, 40)).shape == (1, 3)


def test_layers_between_have_relu_and_the_last_has_none() -> None:
    kinds = [type(layer).__name__ for layer in fully_connected((5, 4, 3, 2), dropout=0.5)]
    assert kinds == ["Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"]
    assert [type(layer).__name__ for layer in fully_connected((5, 2))] == ["Linear"]


def test_batch_norm_is_noticed_and_its_running_statistics_can_be_kept() -> None:
    extractor = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten())
    network = Network(extractor, fully_connected((4 * 6 * 6, 2)), 2, (8, 8))
    assert network.uses_batch_statistics
    assert not build("conv-small").uses_batch_statistics
    norm = extractor[1]
    before = norm.running_mean.clone()
    with network.running_statistics_kept():
        network(torch.rand(5, 3, 8, 8))
    assert torch.equal(norm.running_mean, before)
    network(torch.rand(5, 3, 8, 8))
    assert not torch.equal(norm.running_mean, before)
