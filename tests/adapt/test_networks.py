"""Networks: shapes, sizes, normalisation inside, and the recipe that each carries."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from toy import CLASSES, domain, same, stopping_after, weights

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.export import export_onnx
from synthda.adapt.network import Network
from synthda.adapt.networks import MODELS, NETWORKS, Model
from synthda.adapt.networks.backbone import Backbone, Body
from synthda.adapt.networks.conv_small import ConvSmall
from synthda.adapt.networks.ganin import GaninMnist, GaninSvhn
from synthda.adapt.networks.layers import fully_connected
from synthda.adapt.networks.stages import stages_of
from synthda.adapt.run import Run
from synthda.adapt.train import Pace, train
from synthda.datasets.domain import ArrayImages, Domain
from synthda.errors import SettingError
from synthda.settings import load, settings_of

NEEDED = {"backbone": {"model": "squeezenet1_1", "weights": "none"}}
"""Settings without which a network would be large, or look for a file."""
SIDES = {"ganin-gtsrb": 32, "backbone": 32}
"""Where 16 px are too few."""
LARGE = ("ganin-svhn", "self-ensembling-digits", "self-ensembling-signs")
"""Millions of weights: seconds for a few steps and checkpoints."""


def build(name: str, classes: int = 7, size: tuple[int, int] | None = None, **asked: str) -> Network:
    torch.manual_seed(0)
    names, given = tuple("abcdefghij"[:classes]), NEEDED.get(name, {}) | asked
    network: Network = Blueprint.of("source-only", name, names, given=given, input_size=size).build().network
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
    [
        ("ganin-mnist", (12, 12)),
        ("ganin-svhn", (2, 2)),
        ("ganin-gtsrb", (20, 40)),
        ("conv-small", (15, 32)),
        ("self-ensembling-digits", (32, 11)),
        ("self-ensembling-signs", (7, 7)),
        ("wrn-28-2", (4, 32)),
        ("backbone", (31, 32)),
    ],
)
def test_images_too_small_for_the_layers_are_refused(name: str, size: tuple[int, int]) -> None:
    settings = {"padding": "valid"} if name == "ganin-svhn" else NEEDED.get(name, {})
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
    assert build("self-ensembling-digits").uses_batch_statistics
    norm = extractor[1]
    before = norm.running_mean.clone()
    with network.running_statistics_kept():
        network(torch.rand(5, 3, 8, 8))
    assert torch.equal(norm.running_mean, before)
    network(torch.rand(5, 3, 8, 8))
    assert not torch.equal(norm.running_mean, before)


def plan_of(name: str, method: str, steps: int) -> Blueprint:
    side = SIDES.get(name, 16)
    given = {"source_batch": "4", "target_batch": "3", **NEEDED.get(name, {})}
    return Blueprint.of(method, name, CLASSES, given=given, input_size=(side, side), steps=steps)


def enlarged(toy: Domain, side: int) -> Domain:
    """The toy problem at another size, a multiple of 16."""
    assert isinstance(toy.images, ArrayImages)
    images = toy.images.array.repeat(side // 16, axis=1).repeat(side // 16, axis=2)
    return Domain(ArrayImages(images), toy.labels, toy.classes, name=toy.name)


def trained(plan: Blueprint, folder: Path, pace: Pace | None = None) -> dict[str, Tensor]:
    run, side = Run(folder), plan.input_size[0]
    run.begin({"blueprint": plan.as_dict()})
    method = plan.build()
    source, target = enlarged(domain(12), side), enlarged(domain(9, target=True), side).images
    train(method, [source], target, plan.recipe, run, pace=pace or Pace())
    return weights(method)


def resumed(plan: Blueprint, folder: Path) -> dict[str, Tensor]:
    """As `trained`, but stopped after the first step."""
    with pytest.raises(KeyboardInterrupt):
        trained(plan, folder, stopping_after(1))
    return trained(plan, folder)


@pytest.mark.parametrize("method", ["source-only", "dann"])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in NETWORKS]
)
def test_it_trains_and_resumed_it_is_the_same_run(name: str, method: str, tmp_path: Path) -> None:
    plan = plan_of(name, method, steps=2)
    whole = trained(plan, tmp_path / "whole")
    moved = {key for key, value in weights(plan.build()).items() if not torch.equal(value, whole[key])}
    assert {key for key in whole if key.startswith("network.label_predictor") and key.endswith("weight")} <= moved
    assert same(resumed(plan, tmp_path / "stopped"), whole)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_it_exports_what_it_predicts(name: str, tmp_path: Path) -> None:
    plan = plan_of(name, "source-only", steps=2)
    images = enlarged(domain(256), plan.input_size[0]).images
    made = plan.build()
    made.normalise_by(torch.tensor([0.4, 0.5, 0.6]), torch.tensor([0.2, 0.3, 0.4]))
    parity = export_onnx(made, images, tmp_path / "model.onnx", classes=CLASSES, fit="stretch", facts={})
    assert parity["different_classes"] == 0


@pytest.mark.parametrize("name", NETWORKS)
def test_every_setting_has_a_line_of_help(name: str) -> None:
    assert all(setting.help for setting in settings_of(load("network", name, NETWORKS)).values())


PAGE = Path(__file__).parent.parent.parent / "docs" / "networks.md"


def row(name: str) -> list[str]:
    """The cells of the line of the page's tables that starts with a name."""
    line = next(line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def counted(network: Network) -> str:
    return f"{sum(parameter.numel() for parameter in network.parameters()):,}"


@pytest.mark.parametrize("name", NETWORKS)
def test_the_page_says_each_networks_size(name: str) -> None:
    given = {"weights": "none"} if name == "backbone" else {}
    with torch.device("meta"):
        network = load("network", name, NETWORKS)(10, **given)
    assert row(name)[1:4] == [str(network.input_size[0]), counted(network), str(network.feature_dim)]
    assert f"{network.recipe.steps:,} steps" in row(name)[4] or row(name)[4] == "as above"


@pytest.mark.parametrize("model", MODELS)
def test_the_page_says_each_backbones_size(model: Model) -> None:
    with torch.device("meta"):
        network = Backbone(10, model=model, weights="none")
    width = next(layer for layer in network.feature_extractor if isinstance(layer, nn.Linear)).in_features
    statistics = "yes" if network.uses_batch_statistics else "no"
    body = network.feature_extractor[0]
    assert isinstance(body, Body)
    assert row(model)[1:] == [counted(network), str(width), statistics, str(len(stages_of(body.layers)))]
