"""What every method in the registry must do; a new one is tested by standing there."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from claims import CLAIMS
from test_adaptation import data
from torch import Tensor
from torch.nn import functional as F
from toy import blueprint, build, domain, logged, same, stopping_after, train_toy, views_beside_own, weights

from synthda.adapt.adaptation import adapt
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.data import ORACLE
from synthda.adapt.descent import Descent
from synthda.adapt.estimate import seconds_per_step
from synthda.adapt.export import export_onnx
from synthda.adapt.infer import probabilities
from synthda.adapt.method import Batch, Method
from synthda.adapt.methods import METHODS
from synthda.adapt.resident import as_floats, as_tensor
from synthda.adapt.run import Run
from synthda.adapt.train import Pace, train
from synthda.adapt.trained import load_run
from synthda.datasets.domain import Domain, in_memory
from synthda.errors import SettingError
from synthda.settings import load, settings_of

PREDICTING = set({load("method", name, METHODS).predict: name for name in METHODS}.values())
"""A method for each way to predict."""
SLOW = pytest.mark.slow
WITHOUT_STEPS = ("adabn", "sa")
COMPARING = [
    name
    for name, method in ((name, load("method", name, METHODS)) for name in METHODS if name not in WITHOUT_STEPS)
    if method.uses_source and method.uses_target
]

every_method = pytest.mark.parametrize("name", METHODS)
every_method_that_takes_steps = pytest.mark.parametrize("name", [name for name in METHODS if name not in WITHOUT_STEPS])

SLOWLY = {"learning_rate": 0.0003}
TOY = {
    "self-ensembling": {"ema": 0.9},
    "adamatch": {"ema": 0.9},
    "adda": SLOWLY,
    "m-adda": SLOWLY,
    "dirt-t": {"interval": 3},
    "iwdan": {"estimate_every": 1},
}
"""Settings for problems of a few steps."""


def a_batch(method: Method, n_source: int, n_target: int, labels: tuple[int, ...] = (1,)) -> Batch:
    """Images of the given classes by turns, in the views that the method compares; a refresh has seen the target's."""
    images = torch.rand(n_source + n_target, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    source, target = (
        (part, part.flip(3))[: max(1, len(views))]
        for part, views in zip(
            torch.split(images, [n_source, n_target]), (method.source_views, method.target_views), strict=True
        )
    )
    if method.refresh_every:
        with torch.no_grad():
            method.refresh((), target[:1])
    by_turns, rows = torch.tensor(labels).repeat(n_source)[:n_source], torch.zeros(n_source).long()
    return Batch(source if method.uses_source else (), by_turns, rows, rows, target, torch.arange(n_target))


def has_moved(method: Method) -> Method:
    """Its network no longer equals the copies that a method compares it with, and no weight is 0."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in method.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
    return method


def reached_by(term: Tensor, method: Method) -> set[str]:
    """The parameters to which a term sends a gradient that is not 0."""
    method.zero_grad()
    term.backward(retain_graph=True)  # type: ignore[no-untyped-call]
    return {
        name for name, each in method.named_parameters() if each.grad is not None and torch.count_nonzero(each.grad)
    }


def batches_of(method: Method) -> list[Batch]:
    """Filled, while it is trained, with what its steps are given."""
    given: list[Batch] = []
    step = method.step
    method.step = lambda batch, p, descend: (given.append(batch), step(batch, p, descend))[1]  # type: ignore[method-assign]
    return given


def that_learns(name: str) -> Blueprint:
    """The toy problem, with steps enough."""
    settings = {"learning_rate": 0.03, "source_batch": 64, "target_batch": 48} | TOY.get(name, {})
    return blueprint(name, steps=60, **settings)


def label_loss(method: Method, labelled: Domain) -> float:
    method.eval()
    with torch.no_grad():
        logits = method.predict(as_floats(as_tensor(in_memory(labelled.images))))
    return F.cross_entropy(logits, torch.from_numpy(labelled.labels)).item()


@every_method
def test_what_is_deployed_is_the_softmax_of_the_logits_where_nothing_is_calibrated(name: str) -> None:
    method = build(blueprint(name)).eval()
    images = torch.rand(5, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(method.chances(images), method.predict(images).softmax(dim=1), rtol=0, atol=0)


@every_method
def test_it_learns_a_toy_problem(name: str, tmp_path: Path) -> None:
    plan, run = that_learns(name), Run(tmp_path)
    has_labels = "label" in CLAIMS.get(name, {})
    before = label_loss(plan.build(), domain())
    # Where a run that has learnt is what it starts from, that would hide a label loss from which nothing is learnt.
    trained = train_toy(plan, run, pace=Pace(log_every=10), method=plan.build() if has_labels else build(plan))
    if has_labels:
        first, *_, last = (line["label"] for line in logged(run))
        assert last < first / 2
    assert label_loss(trained, domain()) < before / 2
    unseen = domain(seed=1)
    assert (probabilities(trained, unseen.images).argmax(axis=1) == unseen.labels).mean() > 0.9


@every_method_that_takes_steps
def test_stopped_after_any_step_and_resumed_it_is_the_same_run(name: str, tmp_path: Path) -> None:
    views = views_beside_own(name, source_view="strong", target_view="strong")
    # A pass over the target's 64 images ends in the second step: what a refresh leaves outlives a stop, too.
    plan = blueprint(name, steps=4, target_batch=36, **views, **TOY.get(name, {}))
    whole = weights(train_toy(plan, Run(tmp_path / "whole"), method=has_moved(plan.build())))
    for stop in range(1, 5):
        run = Run(tmp_path / f"stopped-{stop}")
        with pytest.raises(KeyboardInterrupt):
            train_toy(plan, run, pace=stopping_after(stop), method=has_moved(plan.build()))
        # What it began with is in the checkpoint alone.
        assert same(weights(train_toy(plan, run, method=plan.build())), whole)
        assert logged(run) == logged(Run(tmp_path / "whole"))


@pytest.mark.parametrize("name", [name if name in PREDICTING else pytest.param(name, marks=SLOW) for name in METHODS])
def test_it_exports_what_it_predicts(name: str, tmp_path: Path) -> None:
    plan, images = that_learns(name), domain(256).images
    facts = {"method": name}
    model, trained = tmp_path / "model.onnx", train_toy(plan, Run(tmp_path / "run"))
    assert len(set(probabilities(trained, images).argmax(axis=1))) == 2, "one answer to all would compare nothing"
    parity = export_onnx(trained, images, model, classes=plan.classes, fit="stretch", facts=facts)
    assert parity["different_classes"] == 0
    assert (tmp_path / "model.onnx").exists()


@every_method
def test_it_moves_every_parameter_that_an_optimizer_holds_and_no_other(name: str, tmp_path: Path) -> None:
    plan = blueprint(name, steps=3)
    method = build(plan)
    held = {
        id(parameter)
        for optimizer in method.optimizers(plan.recipe).values()
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    names = {name: id(parameter) in held for name, parameter in method.named_parameters() if parameter.requires_grad}
    before = weights(method)
    after = weights(train_toy(plan, Run(tmp_path), method=method))
    assert {name: not torch.equal(before[name], after[name]) for name in names} == names


@every_method_that_takes_steps
def test_each_term_sends_a_gradient_to_all_that_it_claims_and_to_nothing_else(name: str) -> None:
    assert name in CLAIMS, f"say in claims.py to which parameters each term of {name} sends a gradient"
    takes_all = {"confidence": 0} if "confidence" in settings_of(load("method", name, METHODS)) else {}
    method = has_moved(blueprint(name, **takes_all).build().train())
    terms = method.losses(a_batch(method, 12, 9, labels=(1, 0)), torch.tensor(0.5))
    reached = {term: reached_by(value, method) for term, value in terms.items() if value.requires_grad}
    parameters = [f"{parameter}." for parameter, _ in method.named_parameters()]
    assert reached == {
        term: {each[:-1] for each in parameters if each.startswith(tuple(f"{module}." for module in claimed))}
        for term, claimed in CLAIMS[name].items()
    }


@every_method_that_takes_steps
@pytest.mark.parametrize(("n_source", "n_target"), [(1, 5), (5, 1), (2, 2)])
def test_a_step_on_a_tiny_and_unequal_batch_of_one_class_leaves_all_finite(
    name: str, n_source: int, n_target: int, tmp_path: Path
) -> None:
    plan, run = blueprint(name), Run(tmp_path)
    method = plan.build().train()
    run.begin({"blueprint": plan.as_dict()})
    descend = Descent(method, plan.recipe, run, torch.device("cpu"))
    terms = method.step(a_batch(method, n_source, n_target), torch.tensor(1.0), descend)
    assert set(CLAIMS[name]) <= set(terms)
    assert all(torch.isfinite(term) for term in terms.values())
    assert all(torch.isfinite(parameter.grad).all() for parameter in method.parameters() if parameter.grad is not None)
    descend.save(1)  # refuses losses and weights that are not finite


@pytest.mark.parametrize("name", [name for name in METHODS if name != ORACLE])
def test_a_few_labelled_target_images_and_their_labels_change_the_weights(name: str, tmp_path: Path) -> None:
    few = domain(6, seed=3, target=True, name="few")
    learnt = []
    for folder, given in (("none", None), ("few", few), ("mislabelled", replace(few, labels=1 - few.labels))):
        run = Run(tmp_path / folder)
        adapt(blueprint(name, steps=2), data(evaluation=None, labelled_target=given), run, export=False)
        learnt.append({name: parameter.detach() for name, parameter in load_run(run)[1].named_parameters()})
    assert not any(same(one, other) for one, other in combinations(learnt, 2))


@pytest.mark.parametrize("name", COMPARING)
def test_labelled_target_images_are_compared_with_no_domain_as_the_source_s(name: str) -> None:
    method = has_moved(blueprint(name).build()).eval()
    with_few = replace(a_batch(method, 12, 9, labels=(1, 0)), labelled_target=4)
    rows = {field: getattr(with_few, field)[:8] for field in ("source_labels", "source_domain", "source_index")}
    without = replace(with_few, labelled_target=0, source=tuple(view[:8] for view in with_few.source), **rows)
    found = []
    for given in (with_few, without):
        torch.manual_seed(0)  # of the directions that smoothness is asked for in
        found.append(method.losses(given, torch.tensor(0.5)))
    differ = {term for term, value in found[0].items() if not torch.allclose(value, found[1][term], rtol=1e-5)}
    # AdaMatch asks the target to be as sure as what has labels is, and the labels of ADDA were learnt before.
    assert differ == {"adamatch": {"label", "least_confidence"}, "adda": set(), "m-adda": set()}.get(name, {"label"})


@every_method
def test_it_trains_on_two_sources(name: str, tmp_path: Path) -> None:
    plan, run = blueprint(name, steps=2), Run(tmp_path)
    method = build(plan)
    before, given = weights(method), batches_of(method)
    run.begin({"blueprint": plan.as_dict()})
    train(method, [domain(), domain(40, seed=1)], domain(target=True).images, plan.recipe, run)
    assert not same(weights(method), before)
    assert len(given) == method.steps(plan.recipe)
    of_each = [0] * 8 + [1] * 8 if method.uses_source else []
    assert all(batch.source_domain.tolist() == of_each for batch in given)


@every_method
def test_a_target_smaller_than_its_batch_is_drawn_again(name: str, tmp_path: Path) -> None:
    plan = blueprint(name, steps=2)
    run = Run(tmp_path)
    run.begin({"blueprint": plan.as_dict()})
    few = domain(3, target=True).images
    method = plan.build()
    assert train(method, [domain()], few, plan.recipe, run) == method.steps(plan.recipe)


@every_method_that_takes_steps
def test_a_batch_holds_the_views_that_the_method_compares_of_the_domains_that_it_uses(
    name: str, tmp_path: Path
) -> None:
    plan = blueprint(name, steps=2)
    method = plan.build()
    given = batches_of(method)
    train_toy(plan, Run(tmp_path), method=method)
    assert len(given) == 2
    for batch in given:
        assert len(batch.source) == (max(1, len(method.source_views)) if method.uses_source else 0)
        assert len(batch.target) == (max(1, len(method.target_views)) if method.uses_target else 0)


@every_method
def test_equal_blueprints_build_equal_weights_and_seeds_differ(name: str) -> None:
    assert same(weights(blueprint(name).build()), weights(blueprint(name).build()))
    assert not same(weights(blueprint(name).build()), weights(blueprint(name, seed=1).build()))


@every_method
def test_predictions_are_logits_of_each_image_alone(name: str) -> None:
    method = blueprint(name).build().eval()
    images = torch.rand(5, 3, 16, 16)
    assert method.predict(images).shape == (5, method.network.classes)
    torch.testing.assert_close(method.predict(images)[3:4], method.predict(images[3:4]), rtol=1e-4, atol=1e-5)


@every_method
def test_a_setting_out_of_range_is_refused(name: str) -> None:
    for setting in settings_of(load("method", name, METHODS)).values():
        assert setting.help, f"{name}'s {setting.name} has no line of help"
        for bound, away in ((setting.range.low, -1), (setting.range.high, 1)) if setting.range else ():
            if np.isfinite(bound):
                blueprint(name, **{setting.name: bound})
                with pytest.raises(SettingError, match=f"{setting.name} accepts"):
                    blueprint(name, **{setting.name: bound + away})


@every_method
def test_an_unknown_setting_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match="no setting 'no_such_thing'"):
        blueprint(name, no_such_thing=1)


@every_method
def test_a_method_says_what_it_is(name: str) -> None:
    method = load("method", name, METHODS)
    assert issubclass(method, Method)
    assert method.__doc__


def test_an_unknown_method_is_answered_with_near_matches() -> None:
    with pytest.raises(SettingError, match="Did you mean deep-coral"):
        blueprint("deepcoral")


@every_method
def test_its_training_time_can_be_told_before(name: str) -> None:
    plan = blueprint(name)
    assert (seconds_per_step(plan) > 0) == (plan.build().steps(plan.recipe) > 0)
