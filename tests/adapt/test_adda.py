"""ADDA: who learns what in a step, and from where."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from gaps import shifted_colours
from shown import batch, colour_network
from torch import Tensor, nn
from torch.nn import functional as F

from synthda.adapt.methods.adda import ADDA
from synthda.adapt.methods.shot import SHOT
from synthda.adapt.recipe import Recipe
from synthda.errors import SettingError

P = torch.tensor(0.5)


def test_the_discriminator_tells_the_domains_apart_and_the_encoder_claims_to_be_the_source() -> None:
    method, given = ADDA(colour_network()), batch()
    on_source = method.discriminator(method.source_encoder.features(given.source[0]))
    on_target = method.discriminator(method.network.features(given.target[0]))
    terms = method.losses(given, P)
    apart = (F.softplus(on_source).mean() + F.softplus(-on_target).mean()) / 2
    assert terms["domain"].item() == pytest.approx(apart.item(), rel=1e-5)
    assert terms["encoder"].item() == pytest.approx(F.softplus(on_target).mean().item(), rel=1e-5)


def test_an_undecided_discriminator_costs_both_ln_2() -> None:
    method = ADDA(colour_network())
    with torch.no_grad():
        for parameter in method.discriminator[-1].parameters():
            parameter.zero_()
    terms = method.losses(batch(), P)
    assert terms["domain"].item() == pytest.approx(math.log(2))
    assert terms["encoder"].item() == pytest.approx(math.log(2))


def test_a_step_moves_the_discriminator_then_the_encoder() -> None:
    method, asked = ADDA(colour_network()), []

    def descend(loss: Tensor, *names: str) -> None:
        parameters = list(method.network.feature_extractor.parameters())
        reached = torch.autograd.grad(loss, parameters, allow_unused=True)
        asked.append((names, any(found is not None for found in reached)))

    method.step(batch(), P, descend)
    assert asked == [(("discriminator",), False), (("encoder",), True)]


def test_a_step_sees_the_target_once(monkeypatch: pytest.MonkeyPatch) -> None:
    method, passed = ADDA(colour_network()), []
    features = method.network.features
    monkeypatch.setattr(method.network, "features", lambda images: passed.append(len(images)) or features(images))
    given = batch()
    method.step(given, P, lambda loss, *names: None)
    assert passed == [len(given.target[0])]


def test_without_a_layer_to_learn_it_is_refused() -> None:
    network = colour_network()
    network.feature_extractor.requires_grad_(False)
    for method, name in ((ADDA, "ADDA"), (SHOT, "SHOT")):
        with pytest.raises(SettingError, match=f"{name} trains the features alone, and all are frozen"):
            method(network)


def test_source_encoder_and_label_predictor_never_learn() -> None:
    method = ADDA(colour_network())
    assert not any(parameter.requires_grad for parameter in method.source_encoder.parameters())
    assert not any(parameter.requires_grad for parameter in method.network.label_predictor.parameters())
    assert not method.train().source_encoder.training


def test_both_encoders_begin_as_the_trained_one() -> None:
    method, trained = ADDA(colour_network()), ADDA(colour_network())
    with torch.no_grad():
        for parameter in trained.network.parameters():
            parameter.add_(1)
    method.begin_from(trained)
    wanted = trained.network.state_dict()
    for network in (method.network, method.source_encoder):
        assert all(torch.equal(value, wanted[name]) for name, value in network.state_dict().items())


def test_the_encoder_and_its_adversary_learn_at_a_tenth_of_the_recipes_rate() -> None:
    optimizers = ADDA(colour_network()).optimizers(Recipe(learning_rate=0.01))
    rates = {name: optimizer.param_groups[0]["lr"] for name, optimizer in optimizers.items()}
    assert rates == pytest.approx({"discriminator": 0.001, "encoder": 0.001})


@pytest.mark.parametrize("norm", [None, nn.BatchNorm1d])
def test_dropout_tells_the_discriminator_nothing_and_batch_norm_still_follows_the_target(norm: type | None) -> None:
    network, images = colour_network(), batch().target[0]
    network.feature_extractor.append(nn.Dropout())
    if norm is not None:
        network.feature_extractor.append(norm(16))
    method = ADDA(network).train()
    torch.testing.assert_close(method.network.features(images), method.network.features(images))
    if norm is None:
        torch.testing.assert_close(method.network.features(images), method.source_encoder.features(images))
    else:
        assert method.network.feature_extractor[-1].training
        assert (method.network.feature_extractor[-1].running_mean != 0).any()
    assert method.eval().network.features(images).isfinite().all()


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    gap = shifted_colours(0.13)
    how = {"orders": 2, "momentum": 0.5}
    plain, found = (gap.accuracies(method, tmp_path / method, **how) for method in ("source-only", "adda"))  # type: ignore[arg-type]
    assert min(found) > max(plain) + 0.08
