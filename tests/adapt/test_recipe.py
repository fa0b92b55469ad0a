"""Optimizers: one group as ever, or a group for each rate at which parameters learn."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam

from synthda.adapt.networks.backbone import Body
from synthda.adapt.recipe import Recipe, learn_at
from synthda.errors import SettingError
from synthda.settings import configure


def parameters(*values: float) -> list[nn.Parameter]:
    return [nn.Parameter(torch.tensor([float(value)])) for value in values]


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("steps", ("0", "8000"), ("-1", "1.5", "many")),
        ("source_batch", ("1",), ("0",)),
        ("target_batch", ("1",), ("0",)),
        ("learning_rate", ("0", "0.01"), ("-0.01", "nan", "inf")),
        ("momentum", ("0", "0.9999"), ("-0.1", "1")),
        ("weight_decay", ("0",), ("-1",)),
        ("optimizer", ("sgd", "adam"), ("lbfgs",)),
        ("balanced", ("true", "no"), ("perhaps",)),
    ],
)
def test_a_setting_out_of_range_is_refused_and_the_bounds_are_in(
    name: str, accepted: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    for text in accepted:
        assert name in configure({"recipe": Recipe}, {name: text})["recipe"]
    for text in refused:
        with pytest.raises(SettingError, match=f"{name}.* accepts |There is no {name} .*Accepted: "):
            configure({"recipe": Recipe}, {name: text})


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_without_rates_the_optimizer_is_the_plain_one(optimizer: str) -> None:
    held = parameters(1, 2, 3)
    recipe = Recipe(optimizer=optimizer, learning_rate=0.1, momentum=0.8, weight_decay=0.01)  # type: ignore[arg-type]
    plain = (
        SGD(held, lr=0.1, momentum=0.8, weight_decay=0.01, fused=True)
        if optimizer == "sgd"
        else Adam(held, lr=0.1, betas=(0.8, 0.999), weight_decay=0.01, fused=True)
    )
    assert recipe.build_optimizer(held).state_dict() == plain.state_dict()
    learn_at(held, 1.0)
    assert recipe.build_optimizer(held).state_dict() == plain.state_dict()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_parameters_learn_at_their_rates(optimizer: str) -> None:
    new, old = parameters(1, 1), parameters(1, 1)
    learn_at(old, 0.25)
    recipe = Recipe(optimizer=optimizer, learning_rate=0.5, momentum=0.0)  # type: ignore[arg-type]
    stepped = recipe.build_optimizer([new[0], *old, new[1]])
    assert [(group["lr"], len(group["params"])) for group in stepped.param_groups] == [(0.5, 2), (0.125, 2)]
    for parameter in (*new, *old):
        parameter.grad = torch.ones(1)
    stepped.step()
    # A first step of Adam, too, is the learning rate against the gradient's sign.
    assert [round(parameter.item(), 4) for parameter in (*new, *old)] == [0.5, 0.5, 0.875, 0.875]


def test_a_rate_of_nothing_freezes() -> None:
    (frozen,) = parameters(1)
    learn_at([frozen], 0.0)
    frozen.grad = torch.ones(1)
    Recipe(learning_rate=0.5).build_optimizer([frozen]).step()
    assert frozen.item() == 1


def test_copies_of_pretrained_layers_learn_as_slowly() -> None:
    body = Body(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)), 0.1)
    outer = copy.deepcopy(nn.Sequential(body, nn.Linear(1, 1)))
    groups = Recipe(learning_rate=1.0).build_optimizer(list(outer.parameters())).param_groups
    assert [(group["lr"], len(group["params"])) for group in groups] == [(0.1, 4), (1.0, 2)]
    assert torch.equal(outer[0](torch.ones(1, 2)), body(torch.ones(1, 2)))
