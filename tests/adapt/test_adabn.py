"""AdaBN: whose statistics are deployed, and that nothing else moves."""

from __future__ import annotations

import pytest
import torch
from shown import colour_network
from torch import nn
from toy import blueprint

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.method import Batch
from synthda.adapt.methods.adabn import AdaBN
from synthda.adapt.network import Network
from synthda.errors import SettingError

P = torch.tensor(0.5)


def normalised() -> Network:
    network = colour_network()
    network.feature_extractor.append(nn.BatchNorm1d(16))
    return network


def batch(seed: int) -> Batch:
    images = torch.rand(8, 3, 4, 4, generator=torch.Generator().manual_seed(seed))
    return Batch((), *[torch.zeros(0).long()] * 3, (images,), torch.zeros(8).long())


def no_descent(loss: torch.Tensor, *names: str) -> None:
    raise AssertionError("nothing is learnt")


def test_the_statistics_become_the_mean_over_all_batches_of_the_target() -> None:
    method = AdaBN(normalised())
    method.begin_from(AdaBN(normalised()))
    method.train()
    given = [batch(seed) for seed in range(3)]
    for each in given:
        method.step(each, P, no_descent)
    before_norm = method.network.feature_extractor[:-1]
    features = torch.stack([before_norm((each.target[0] - method.network.mean) / method.network.std) for each in given])
    norm = method.network.feature_extractor[-1]
    torch.testing.assert_close(norm.running_mean, features.mean(dim=(0, 1)))
    torch.testing.assert_close(norm.running_var, features.var(dim=1).mean(dim=0))


def test_no_weight_moves_and_no_optimizer_is_there() -> None:
    method = AdaBN(normalised())
    assert method.optimizers(None) == {}
    assert not any(parameter.requires_grad for parameter in method.parameters())


def test_what_the_source_left_in_the_statistics_is_forgotten() -> None:
    trained, method = AdaBN(normalised()), AdaBN(normalised())
    trained.network.feature_extractor[-1].running_mean.fill_(9)
    method.begin_from(trained)
    assert (method.network.feature_extractor[-1].running_mean == 0).all()


@pytest.mark.parametrize("network", ["conv-small", "ganin-mnist"])
def test_a_network_without_batch_norm_is_refused_before_any_training(network: str) -> None:
    plan = Blueprint.of("adabn", network, ("a", "b"))
    with pytest.raises(SettingError, match="has none; use --network conv-small --set norm=batch"):
        plan.build()


def test_the_toy_problem_is_built_with_batch_norm() -> None:
    assert blueprint("adabn").build().network.uses_batch_statistics
