"""Stages of pretrained backbones: every parameter in one, some frozen, each with its rate."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from synthda.adapt.networks import MODELS
from synthda.adapt.networks.backbone import Backbone, Body
from synthda.adapt.networks.pretrained import without_head
from synthda.adapt.networks.stages import stages_of
from synthda.adapt.recipe import Recipe
from synthda.errors import SettingError

COUNTS = {"resnet18": 5, "squeezenet1_0": 9, "mobilenet_v3_small": 13, "efficientnet_b0": 9, "convnext_tiny": 8}


def layers_of(model: str) -> nn.Module:
    with torch.device("meta"):
        return without_head(model, (32, 32))[0]


def rates_of(body: Body) -> dict[str, float]:
    return {name: parameter.rate for name, parameter in body.layers.named_parameters()}  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", MODELS)
def test_every_parameter_is_in_one_stage_and_none_is_empty(model: str) -> None:
    layers = layers_of(model)
    stages = stages_of(layers)
    assert [name for stage in stages for name in stage] == [name for name, _ in layers.named_parameters()]
    assert all(stages)
    assert len(stages) == COUNTS.get(model, len(stages))


def test_a_transformers_first_stage_is_its_embedding_and_the_norm_after_the_last_block_is_in_its_stage() -> None:
    stages = stages_of(layers_of("vit_b_16"))
    assert stages[0] == ["class_token", "conv_proj.weight", "conv_proj.bias", "encoder.pos_embedding"]
    assert {name.split(".")[2] for name in stages[12][:-2]} == {"encoder_layer_11"}
    assert stages[12][-2:] == ["encoder.ln.weight", "encoder.ln.bias"]


def test_ten_blocks_are_not_taken_for_the_first() -> None:
    assert all(name.startswith("features.12.") for name in stages_of(layers_of("squeezenet1_0"))[-1])


def test_rates_fall_towards_the_image() -> None:
    body = Body(without_head("resnet18", (32, 32))[0], 0.1, stage_decay=0.5)
    rates = rates_of(body)
    assert rates["layer4.1.conv2.weight"] == 0.1
    assert rates["layer3.0.conv1.weight"] == 0.05
    assert rates["conv1.weight"] == 0.1 * 0.5**4


def test_copies_have_the_same_rates_and_the_same_frozen_stages() -> None:
    body = Body(without_head("squeezenet1_1", (32, 32))[0], 0.1, stage_decay=0.5, frozen=3)
    copied = copy.deepcopy(body)
    assert rates_of(copied) == rates_of(body)
    frozen = [[parameter.requires_grad for parameter in each.parameters()] for each in (body, copied)]
    assert frozen[0] == frozen[1]
    assert frozen[0].index(True) == sum(map(len, stages_of(body.layers)[:3]))


def test_frozen_stages_stay_bit_by_bit_with_the_statistics_of_their_norms_while_the_others_learn() -> None:
    torch.manual_seed(0)
    body = Body(without_head("mobilenet_v3_small", (32, 32))[0], 1.0, frozen=4)
    body.train()
    before = copy.deepcopy(body.layers.state_dict())
    optimizer = Recipe(learning_rate=0.1, weight_decay=0.1).build_optimizer(list(body.parameters()))
    body(torch.rand(4, 3, 32, 32)).square().sum().backward()
    optimizer.step()
    changed = {name for name, value in body.layers.state_dict().items() if not torch.equal(value, before[name])}
    still = tuple(f"features.{block}." for block in range(4))
    assert not [name for name in changed if name.startswith(still)]
    learnt = {name for stage in stages_of(body.layers)[4:] for name in stage}
    assert learnt <= changed
    assert "features.4.block.0.1.running_mean" in changed


def test_all_stages_frozen_leave_no_gradient_in_the_body() -> None:
    body = Body(without_head("resnet18", (32, 32))[0], 1.0, frozen=5)
    assert not body(torch.rand(2, 3, 32, 32)).requires_grad


def test_more_stages_than_there_are_and_frozen_random_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="frozen=6 is out of range; this model has 5 stages"):
        Body(without_head("resnet18", (32, 32))[0], 1.0, frozen=6)
    with pytest.raises(SettingError, match=r"frozen=2 would keep the random weights .* or leave out frozen\."):
        Backbone(10, (32, 32), model="resnet18", weights="none", frozen=2)
