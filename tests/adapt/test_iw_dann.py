"""IW-DANN by hand: what a source image weighs, and where training starts."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
import torch
from gaps import bluer_corners
from shown import batch, colour_network
from torch import nn
from torch.nn import functional as F
from toy import blueprint, domain

from synthda.adapt.adaptation import adapt
from synthda.adapt.additive import Seen
from synthda.adapt.data import Data
from synthda.adapt.methods.dann import DANN
from synthda.adapt.methods.iw_dann import IWDANN
from synthda.adapt.run import Run
from synthda.adapt.trained import load_run

P = torch.tensor(0.5)


def drifted() -> IWDANN:
    """Its network predicts otherwise than it did."""
    method = IWDANN(colour_network(), iw_lambda=0.3)
    with torch.no_grad():
        method.network.label_predictor[-1].bias.copy_(torch.tensor([1.0, -1.0]))
    return method


def test_an_image_weighs_exp_of_what_its_labels_chance_has_lost() -> None:
    method, given = drifted(), batch()
    chances = [
        each(given.source[0]).softmax(1)[range(6), given.source_labels]
        for each in (method.pre_classifier, method.network)
    ]
    weights = method.instance_weights(Seen(method.network, given))
    torch.testing.assert_close(weights, chances[0].exp() / chances[1].exp())
    assert weights.min() < 1 < weights.max()
    assert ((weights > 1 / math.e) & (weights < math.e)).all()


def test_what_dropout_makes_less_sure_has_not_drifted() -> None:
    network, given = colour_network(), batch()
    network.feature_extractor.append(nn.Dropout())
    network.label_predictor.insert(0, nn.Dropout())
    method = IWDANN(network).train()
    seen = Seen(method.network, given)
    torch.testing.assert_close(method.instance_weights(seen), torch.ones(6))
    assert all(module.training for module in method.network.modules())


def test_what_batch_norm_makes_of_a_batch_has_not_drifted() -> None:
    network, given = colour_network(), batch()
    network.feature_extractor.append(nn.BatchNorm1d(network.feature_dim))
    method = IWDANN(network).train()
    before = copy.deepcopy(method.pre_classifier.feature_extractor[-1])
    torch.testing.assert_close(method.instance_weights(Seen(method.network, given)), torch.ones(6))
    kept = method.pre_classifier.feature_extractor[-1]
    assert torch.equal(kept.running_mean, before.running_mean)
    assert torch.equal(kept.running_var, before.running_var)


def test_the_weights_are_not_brought_to_a_mean_of_1() -> None:
    method, given = drifted(), batch()
    weights = method.instance_weights(Seen(method.network, given))
    on_source, on_target = (
        method.domain_classifier(method.network.features(side[0])).squeeze(1) for side in (given.source, given.target)
    )
    expected = ((weights * F.softplus(on_source)).mean() + F.softplus(-on_target).mean()) / 2
    assert method.losses(given, P)["domain"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_lambda_is_the_same_from_beginning_to_end() -> None:
    method, given = drifted(), batch()
    weight = next(method.network.feature_extractor.parameters())
    pulls = [torch.autograd.grad(method.losses(given, torch.tensor(p))["domain"], weight)[0] for p in (0.0, 0.5, 1.0)]
    assert torch.equal(pulls[0], pulls[1])
    assert torch.equal(pulls[0], pulls[2])
    assert pulls[0].abs().max() > 0


def test_before_anything_has_drifted_it_is_dann_with_a_constant_lambda() -> None:
    method, given = IWDANN(colour_network(), iw_lambda=0.3), batch()
    dann = DANN(method.network, gamma=1000, lambda_max=0.3)  # its λ_p is as good as 0.3 from the first steps on
    dann.domain_classifier.load_state_dict(method.domain_classifier.state_dict())
    for name in ("label", "domain"):
        found, wanted = method.losses(given, P)[name], dann.losses(given, P)[name]
        torch.testing.assert_close(found, wanted)
        parameters = list(method.network.feature_extractor.parameters())
        for own, other in zip(
            torch.autograd.grad(found, parameters), torch.autograd.grad(wanted, parameters), strict=True
        ):
            torch.testing.assert_close(own, other)


def test_training_starts_from_a_classifier_of_the_source_and_keeps_it(tmp_path: Path) -> None:
    data = Data(sources=(domain(),), target=domain(target=True).unlabelled(), target_name="toy")
    adapt(blueprint("iw-dann", steps=3), data, Run(tmp_path / "run"), export=False)
    _, first = load_run(Run(tmp_path / "run").first)
    _, trained = load_run(Run(tmp_path / "run"))
    assert isinstance(trained, IWDANN)
    kept, learnt = trained.pre_classifier.state_dict(), first.network.state_dict()
    assert all(torch.equal(kept[name], learnt[name]) for name in learnt)
    assert any(not torch.equal(value, learnt[name]) for name, value in trained.network.state_dict().items())
    assert torch.equal(trained.network.mean, first.network.mean), "it is normalised as it was"


def test_it_unlearns_what_differs_between_the_domains(tmp_path: Path) -> None:
    """Beside the source alone, and beside itself without the reversal: it is trained for twice as long."""
    gap = bluer_corners(0.2)
    plain = gap.accuracies("source-only", tmp_path / "plain", orders=2, momentum=0.5)
    longer = gap.accuracies("iw-dann", tmp_path / "longer", orders=2, momentum=0.5, iw_lambda=0)
    found = gap.accuracies("iw-dann", tmp_path / "found", orders=2, momentum=0.5, iw_lambda=1)
    assert min(found) > max(plain + longer) + 0.3
