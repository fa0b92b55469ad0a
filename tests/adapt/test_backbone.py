"""Pretrained backbones: torchvision's features, a user's file of weights, what may be wrong with it, its identity."""

from __future__ import annotations

import ast
import io
import os
import urllib.error
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_networks import enlarged, resumed, trained
from torch import Tensor, nn
from toy import CLASSES, domain, same, weights

from synthda.adapt.adaptation import adapt
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.data import Data
from synthda.adapt.networks import MODELS, pretrained
from synthda.adapt.networks.backbone import Backbone
from synthda.adapt.recipe import Recipe
from synthda.adapt.run import Run
from synthda.adapt.trained import load_run
from synthda.errors import RunError, SettingError

SMALL = "squeezenet1_1"
QUICK = (SMALL, "mobilenet_v3_small")
MEAN, STD = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def torchvision_model(name: str, seed: int = 7, **shape: int) -> nn.Module:
    """With random weights, also of its batch norms."""
    from torchvision.models import get_model

    torch.manual_seed(seed)
    made: nn.Module = get_model(name, weights=None, **shape).eval()
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A state dict of the small model, as a user would bring it."""
    path = tmp_path / "weights.pth"
    torch.save(torchvision_model(SMALL).state_dict(), path)
    return path


def plan(weights: Path | str, method: str = "source-only", *, steps: int = 1, **given: str) -> Blueprint:
    texts = {"model": SMALL, "weights": str(weights), "source_batch": "4", "target_batch": "3"} | given
    return Blueprint.of(method, "backbone", CLASSES, given=texts, input_size=(32, 32), steps=steps)


def backbone(weights: Path | str, **given: str) -> Backbone:
    network = plan(weights, **given).build().network
    assert isinstance(network, Backbone)
    return network.eval()


def data() -> Data:
    return Data(sources=(enlarged(domain(12), 32),), target=enlarged(domain(9, target=True), 32).images)


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in MODELS]
)
def test_the_features_are_what_enters_torchvisions_own_last_layer(name: str, tmp_path: Path) -> None:
    shape = {"image_size": 64} if name == "vit_b_16" else {}
    model = torchvision_model(name, **shape)
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    texts = {"model": name, "weights": str(tmp_path / "weights.pth"), "bottleneck": "0"}
    built = Blueprint.of("source-only", "backbone", CLASSES, given=texts, input_size=(64, 64)).build().network.eval()
    entered: list[Tensor] = []
    model.get_submodule(pretrained.head_of(name)).register_forward_pre_hook(
        lambda layer, given: entered.append(given[0])
    )
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        found = built.features(images)
        model((images - MEAN) / STD)
    expected = entered[0].mean(dim=(2, 3)) if entered[0].dim() == 4 else entered[0]
    assert found.shape == (2, built.feature_dim)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())


def test_no_layer_is_left_whose_gradient_a_gpu_sums_in_any_order() -> None:
    for name in MODELS:
        with torch.device("meta"):
            layers, _ = pretrained.without_head(name, (64, 64))
        assert not any(isinstance(module, nn.AdaptiveAvgPool2d) for module in layers.modules()), name


def test_the_head_may_have_any_number_of_classes_or_be_missing(file: Path) -> None:
    state = torch.load(file, weights_only=True)
    found = weights(plan(file).build())
    for head in ({"classifier.1.weight": torch.zeros(5, 512, 1, 1), "classifier.1.bias": torch.zeros(5)}, {}):
        without = {name: value for name, value in state.items() if not name.startswith("classifier")}
        torch.save(without | head, file)
        assert same(weights(plan(file).build()), found)


def test_between_backbone_and_predictor_is_a_bottleneck(file: Path) -> None:
    kinds = [type(layer).__name__ for layer in backbone(file).feature_extractor]
    assert kinds == ["Body", "Linear", "LayerNorm", "ReLU"]
    assert backbone(file).feature_dim == 256
    assert backbone(file, bottleneck="0").feature_dim == 512


def test_pretrained_layers_learn_at_a_tenth_and_random_ones_as_the_rest(file: Path) -> None:
    network = backbone(file)
    own = sum(1 for _ in network.feature_extractor[0].parameters())
    groups = Recipe(learning_rate=1.0).build_optimizer(list(network.parameters())).param_groups
    assert [(group["lr"], len(group["params"])) for group in groups] == [(0.1, own), (1.0, 6)]
    random = list(backbone("none").parameters())
    assert [group["lr"] for group in Recipe(learning_rate=1.0).build_optimizer(random).param_groups] == [1.0]


def test_pretrained_layers_keep_imagenets_statistics_and_random_ones_take_the_datas(file: Path) -> None:
    mean, std = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.4, 0.5, 0.6])
    with_file, random = backbone(file), backbone("none")
    for network in (with_file, random):
        network.normalise_by(mean, std)
    assert torch.equal(with_file.mean, MEAN)
    assert torch.equal(with_file.std, STD)
    assert torch.equal(random.mean.flatten(), mean)


def test_equal_files_and_seeds_give_equal_weights(file: Path) -> None:
    assert same(weights(plan(file).build()), weights(plan(file).build()))
    other = replace(plan(file), seed=1).build()
    assert torch.equal(
        other.network.feature_extractor[0].layers.features[0].weight,
        plan(file).build().network.feature_extractor[0].layers.features[0].weight,
    )
    assert not same(weights(other), weights(plan(file).build()))


def test_copies_that_a_method_makes_are_pretrained_too(file: Path) -> None:
    method: Any = plan(file, "self-ensembling").build()
    assert same(weights(method.teacher), weights(method.network))
    assert torch.equal(method.teacher.feature_extractor[0].layers.features[0].weight, first_layer(file))


def first_layer(file: Path) -> Tensor:
    found: Tensor = torch.load(file, weights_only=True)["features.0.weight"]
    return found


class Code:
    """What a hostile file would run when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch hacked",)


def damaged(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Writes what `change` makes of the state dict."""
    return lambda path: torch.save(change(torch.load(path, weights_only=True)), path)


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda path: path.unlink(), "does not exist or cannot be read; give --weights a file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1000]), "is damaged or no file of weights"),
        (lambda path: path.write_bytes(b""), "is damaged or no file of weights"),
        (lambda path: path.write_bytes(b"no weights at all"), "is damaged or no file of weights"),
        (flipped, "its checksums do not match"),
        (lambda path: torch.save({"features": Code()}, path), "is damaged or no file of weights"),
        (damaged(lambda state: {"epoch": 3, "model": state}), "holds no state dict of tensors by name"),
        (damaged(lambda state: list(state.values())), "holds no state dict of tensors by name"),
        (damaged(lambda state: {}), f"does not fit {SMALL}: it lacks features.0.weight and 49 more"),
        (damaged(lambda state: state | {"layer1.0.weight": torch.zeros(1)}), "it has layer1.0.weight, which"),
        (damaged(lambda state: state | {"features.0.bias": torch.zeros(3)}), "bias has the shape (3,), not (64,)"),
    ],
    ids=[
        *("missing", "cut off", "empty", "text", "flipped bit", "code", "wrapped", "list", "no names", "other names"),
        "other shape",
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_is_one_sentence_and_claims_no_folder(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], None], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    harm(file)
    with pytest.raises(RunError) as caught:
        adapt(plan(file), data(), Run(tmp_path / "run"), export=False)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "hacked").exists()


def test_a_run_needs_its_file_no_more_and_another_file_of_that_name_does_not_resume_it(
    file: Path, tmp_path: Path
) -> None:
    run = Run(tmp_path / "run")
    manifest = adapt(plan(file), data(), run, export=False)
    assert manifest["configuration"]["inputs"] == {"weights": pretrained.sha256(file)}
    assert adapt(plan(file), data(), run, export=False)["fingerprint"] == manifest["fingerprint"]

    torch.save(torchvision_model(SMALL, seed=8).state_dict(), file)
    with pytest.raises(RunError, match="other weights to begin with"):
        adapt(plan(file), data(), run, export=False)
    file.unlink()
    blueprint, method = load_run(run)
    assert blueprint == plan(file)
    assert same(weights(method), torch.load(run.checkpoint, weights_only=True)["method"])


def test_a_run_from_random_weights_has_no_inputs(tmp_path: Path) -> None:
    manifest = adapt(plan("none"), data(), Run(tmp_path / "run"), export=False)
    assert set(manifest["configuration"]) == {"blueprint", "data"}


def test_resumed_with_two_rates_it_is_the_same_run(file: Path, tmp_path: Path) -> None:
    goes_on = plan(file, "dann", steps=3, source_view="strong")
    assert same(resumed(goes_on, tmp_path / "stopped"), trained(goes_on, tmp_path / "whole"))


def test_training_goes_on_from_the_checkpoint_and_not_from_the_file(file: Path, tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    adapt(plan(file), data(), run, export=False)
    once = weights(load_run(run)[1])
    run.manifest.rename(run.partial_manifest)
    adapt(plan(file), data(), run, export=False)
    assert same(weights(load_run(run)[1]), once)
    assert not torch.equal(once["network.feature_extractor.0.layers.features.0.weight"], first_layer(file))


@pytest.mark.parametrize(("name", "method"), [("begin", "dann"), ("start", "shot")])
def test_what_goes_on_from_a_run_needs_the_file_no_more(file: Path, tmp_path: Path, name: str, method: str) -> None:
    first = Run(tmp_path / "first")
    known = adapt(plan(file), data(), first, export=False)["configuration"]["inputs"]
    file.unlink()
    with pytest.raises(RunError, match="does not exist"):
        adapt(plan(file, method), data(), Run(tmp_path / "afresh"), export=False)
    found = adapt(plan(file, method), data(), Run(tmp_path / "second"), export=False, **{name: first})  # type: ignore[arg-type]
    assert found["configuration"]["inputs"] == known


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch's cache of downloads, empty, and no network."""

    def refused(*given: object, **options: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", refused)
    return tmp_path / "hub" / "checkpoints"


@pytest.mark.usefixtures("hub")
def test_without_a_network_the_default_says_to_give_a_file() -> None:
    with pytest.raises(
        RunError,
        match=r"squeezenet1_1-\w+\.pth could not be downloaded .* with --weights FILE or put it into .*checkpoints; or",
    ) as caught:
        plan("default").build()
    assert "\n" not in str(caught.value)
    assert f"Get {pretrained.url_of(SMALL)} where there is a network" in str(caught.value)
    assert plan("default").build(pretrained=False).network.inputs == {"weights": "squeezenet1_1-b8a52dc0.pth"}


def test_the_default_is_found_in_torchs_cache(hub: Path, file: Path) -> None:
    hub.mkdir(parents=True)
    (hub / pretrained.default_name(SMALL)).write_bytes(file.read_bytes())
    assert torch.equal(backbone("default").feature_extractor[0].layers.features[0].weight, first_layer(file))


def test_files_older_than_the_count_of_batches_fit() -> None:
    layers, _ = pretrained.without_head("mobilenet_v3_small", (32, 32))
    state = torchvision_model("mobilenet_v3_small").state_dict()
    older = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    assert len(older) < len(state)
    pretrained.put(older, layers, "mobilenet_v3_small", "older")
    assert torch.equal(layers.state_dict()["features.0.0.weight"], state["features.0.0.weight"])


@pytest.mark.slow
def test_a_transformer_takes_other_sizes_by_interpolating_its_positions() -> None:
    weights = torchvision_model("vit_b_16").state_dict()
    positions = torch.linspace(0, 1, 14)[None, :, None, None].expand(1, 14, 14, 768).reshape(1, 196, 768)
    weights["encoder.pos_embedding"] = torch.cat([torch.full((1, 1, 768), 9.0), positions], dim=1)
    layers, _ = pretrained.without_head("vit_b_16", (64, 64))
    pretrained.put(weights, layers, "vit_b_16", "larger")
    found = layers.state_dict()["encoder.pos_embedding"]
    assert found.shape == (1, 17, 768)
    assert (found[0, 0] == 9).all()
    rows = found[0, 1:].view(4, 4, 768).mean(dim=(1, 2)).numpy()
    np.testing.assert_allclose(rows, np.linspace(0, 1, 4), atol=0.01)


@pytest.mark.parametrize("size", [(64, 48), (40, 40)])
def test_a_transformer_refuses_images_that_its_patches_do_not_fill(size: tuple[int, int]) -> None:
    with pytest.raises(SettingError, match="vit_b_16 takes square images of a multiple of 16 px"):
        Blueprint.of("source-only", "backbone", CLASSES, given={"model": "vit_b_16"}, input_size=size).build()


def test_an_unknown_model_is_answered_with_near_matches() -> None:
    with pytest.raises(SettingError, match="Did you mean resnet50"):
        plan("none", model="resnet500")


def test_torchvision_is_not_imported_before_a_backbone_is_built() -> None:
    for path in Path(pretrained.__file__).parent.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:  # the module's own level, not its functions
            assert "torchvision" not in (ast.unparse(node) if isinstance(node, ast.Import | ast.ImportFrom) else "")


def test_a_file_from_before_zip_archives_is_read(file: Path) -> None:
    content = io.BytesIO()
    torch.save(torch.load(file, weights_only=True), content, _use_new_zipfile_serialization=False)
    expected = weights(plan(file).build())
    file.write_bytes(content.getvalue())
    assert same(weights(plan(file).build()), expected)
