"""AdaBN: whose statistics are deployed, that they are exact, and that nothing else moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from shown import accuracy_on_shifted_colours, colour_network
from test_adaptation import data
from torch import Tensor, nn
from toy import blueprint, domain, same, weights

from synthda.adapt.adaptation import adapt
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.methods import METHODS
from synthda.adapt.methods.adabn import AdaBN
from synthda.adapt.methods.mcd import MCD
from synthda.adapt.methods.self_ensembling import SelfEnsembling
from synthda.adapt.network import Network
from synthda.adapt.recipe import Recipe
from synthda.adapt.resident import as_floats, as_tensor
from synthda.adapt.run import Run
from synthda.adapt.trained import load_run
from synthda.datasets.domain import in_memory
from synthda.errors import SettingError

REFUSED = ("adabn", "train-on-target", "osbp", "sa")
"""Methods that it cannot follow."""


def normalised() -> Network:
    """Mean colour, 16 hidden values that are normalised, 3 of these that are normalised again, two classes."""
    network = colour_network()
    network.feature_extractor.extend([nn.BatchNorm1d(16), nn.Tanh(), nn.Linear(16, 3), nn.BatchNorm1d(3)])
    network.label_predictor[0] = nn.Linear(3, 2)
    return network


def target(*sizes: int) -> list[Tensor]:
    """Batches of 4×4 images, the later the brighter, as in a folder that is sorted by class."""
    images = torch.rand(sum(sizes), 3, 4, 4, generator=torch.Generator().manual_seed(0))
    return list(torch.split(images * torch.linspace(0.2, 1, len(images)).view(-1, 1, 1, 1), list(sizes)))


def refreshed(method: AdaBN, images: list[Tensor]) -> AdaBN:
    method.eval()
    with torch.no_grad():
        method.refresh((), images)
    return method


def test_the_statistics_are_those_of_the_whole_target_layer_by_layer() -> None:
    given = target(5, 1, 3)
    method = refreshed(AdaBN(normalised()), given)
    first, _, second, last = method.network.feature_extractor[-4:]
    with torch.no_grad():
        inputs = method.network.feature_extractor[:-4](torch.cat(given) - method.network.mean).numpy()
    weight, bias = second.weight.detach().numpy(), second.bias.detach().numpy()
    # Both norms still have scale 1 and shift 0.
    hidden = np.tanh((inputs - inputs.mean(axis=0)) / np.sqrt(inputs.var(axis=0) + first.eps)) @ weight.T + bias
    for layer, reached in ((first, inputs), (last, hidden)):
        assert layer.running_mean.numpy() == pytest.approx(reached.mean(axis=0), abs=1e-5)
        assert layer.running_var.numpy() == pytest.approx(reached.var(axis=0), rel=1e-4)


def reaching(method: AdaBN, images: Tensor) -> list[tuple[nn.BatchNorm2d, Tensor]]:
    """Each batch norm that a prediction passes through, and what is given to it, (B, channels, H, W)."""
    layers = [layer for layer in method.modules() if isinstance(layer, nn.BatchNorm2d)]
    given: list[tuple[nn.BatchNorm2d, Tensor]] = []
    hooks = [
        layer.register_forward_pre_hook(lambda layer, inputs: given.append((layer, inputs[0]))) for layer in layers
    ]
    with torch.no_grad():
        method.predict(images)
    for hook in hooks:
        hook.remove()
    return given


def test_every_layer_then_gives_the_target_mean_zero_and_variance_one() -> None:
    images = torch.rand(40, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    built = blueprint("adabn").build()
    assert isinstance(built, AdaBN)
    given = reaching(refreshed(built, list(images.split(16))), images)
    assert len(given) == 4
    for layer, inputs in given:
        each = layer(inputs).transpose(0, 1).flatten(1)
        torch.testing.assert_close(each.mean(dim=1), torch.zeros(len(each)), atol=1e-4, rtol=0)
        torch.testing.assert_close(each.var(dim=1, correction=0), torch.ones(len(each)), atol=1e-2, rtol=0)


def test_neither_the_order_of_the_target_nor_its_batches_change_them() -> None:
    images = torch.cat(target(9))
    one = weights(refreshed(AdaBN(normalised()), [images]))
    other = weights(refreshed(AdaBN(normalised()), list(images.flip(0).split(2))))
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=1e-4, atol=1e-6)


def test_what_the_source_left_in_the_statistics_is_forgotten_and_once_more_changes_nothing() -> None:
    method, given = AdaBN(normalised()), target(4, 4)
    method.network.feature_extractor[-1].running_mean.fill_(9)
    found = weights(refreshed(method, given))
    assert same(found, weights(refreshed(AdaBN(normalised()), given)))
    assert same(found, weights(refreshed(method, given)))


def test_no_weight_moves_no_step_is_taken_and_no_optimizer_is_there() -> None:
    method = AdaBN(normalised())
    before = [parameter.clone() for parameter in method.parameters()]
    refreshed(method, target(4))
    assert all(torch.equal(*pair) for pair in zip(before, method.parameters(), strict=True))
    assert method.steps(Recipe(steps=100)) == 0
    assert method.optimizers(Recipe()) == {}
    assert not any(parameter.requires_grad for parameter in method.parameters())


def test_after_another_method_that_ones_predictions_are_deployed() -> None:
    images = torch.cat(target(6))
    method = AdaBN(normalised(), after="mcd").eval()
    assert isinstance(method.trained, MCD)
    features = method.network.features(images)
    both = (method.network.label_predictor(features) + method.trained.second(features)) / 2
    torch.testing.assert_close(method.predict(images), both)


def test_after_self_ensembling_the_teacher_gets_the_statistics() -> None:
    method = AdaBN(normalised(), after="self-ensembling")
    refreshed(method, target(6))
    assert isinstance(method.trained, SelfEnsembling)
    student, teacher = (network.feature_extractor[-1] for network in (method.network, method.trained.teacher))
    assert (student.running_mean == 0).all()
    assert (teacher.running_mean != 0).all()


@pytest.mark.parametrize("after", [*(name for name in METHODS if name not in REFUSED), "dann+mcc"])
def test_any_method_before_is_trained_first_taken_over_whole_and_deployed_with_the_targets_statistics(
    after: str, tmp_path: Path
) -> None:
    plan, given = blueprint("adabn", steps=1, after=after), data(evaluation=None)
    manifest = adapt(plan, given, Run(tmp_path), export=False)
    assert manifest["results"]["steps"] == 0
    first, trained = load_run(Run(tmp_path).first)
    _, method = load_run(Run(tmp_path))
    assert first.method == after
    assert isinstance(method, AdaBN)
    learnt, kept = dict(trained.named_parameters()), dict(method.trained.named_parameters())
    assert learnt.keys() == kept.keys()
    assert all(torch.equal(learnt[name], kept[name]) for name in learnt)
    passed = reaching(method, as_floats(as_tensor(in_memory(given.target))))
    assert len(passed) == 4
    for layer, inputs in passed:
        torch.testing.assert_close(layer.running_mean, inputs.mean(dim=(0, 2, 3)), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(layer.running_var, inputs.var(dim=(0, 2, 3), correction=0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("after", "setting"), [("dann", ("source_domains", 2)), ("fixmatch", ("align", True))])
def test_a_run_whose_settings_shape_its_weights_is_no_start(
    after: str, setting: tuple[str, object], tmp_path: Path
) -> None:
    name, value = setting
    given = data(sources=(domain(), domain(seed=1)))
    first, run = Run(tmp_path / "first"), Run(tmp_path / "run")
    adapt(blueprint(after, steps=2, norm="batch", **{name: value}), given, first, export=False)
    with pytest.raises(SettingError, match=f"by {after} with {name}={value}, .* default settings"):
        adapt(blueprint("adabn", after=after), given, run, start=first, export=False)
    assert not run.folder.exists()


def test_a_run_whose_settings_shape_no_weights_is_a_start(tmp_path: Path) -> None:
    first = Run(tmp_path / "first")
    adapt(blueprint("mcd", steps=2, norm="batch", generator_steps=1), data(), first, export=False)
    plan = blueprint("adabn", after="mcd")
    assert adapt(plan, data(), Run(tmp_path / "run"), start=first, export=False)["results"]["steps"] == 0


@pytest.mark.parametrize("network", ["conv-small", "ganin-mnist"])
def test_a_network_without_batch_norm_is_refused_before_any_training(network: str) -> None:
    plan = Blueprint.of("adabn", network, ("a", "b"))
    with pytest.raises(SettingError, match="has none; use --network conv-small --set norm=batch"):
        plan.build()


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ("adabn", "after=adabn is not accepted: adabn follows a method that learns"),
        ("train-on-target", "after=train-on-target is not accepted"),
        ("osbp", "after=osbp is not accepted"),
        ("sa", "after=sa is not accepted: sa has fitted its classifier"),
        ("dan-n", "There is no method 'dan-n'. Did you mean dann"),
        ("dann+adabn", "adabn adds no term"),
    ],
)
def test_what_it_cannot_follow_is_refused(after: str, told: str) -> None:
    with pytest.raises(SettingError, match=told):
        blueprint("adabn", after=after).build()


def test_the_toy_problem_is_built_with_batch_norm() -> None:
    assert blueprint("adabn").build().network.uses_batch_statistics


@pytest.mark.parametrize("after", ["source-only", "self-ensembling"])
def test_on_shifted_colours_it_takes_the_shift_away(after: str, tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain", network=normalised)
    adapted = accuracy_on_shifted_colours("adabn", tmp_path / "adapted", network=normalised, after=after)
    assert adapted > plain + 0.15
