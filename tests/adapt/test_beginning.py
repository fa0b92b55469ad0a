"""A training that begins with the weights of another run: what is copied, what starts afresh, what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from halves import HALVES, halves
from toy import SETTINGS, blueprint, domain, same, train_toy, weights

from synthda.adapt.adaptation import adapt
from synthda.adapt.beginning import Beginning, deployed_network
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.data import Data
from synthda.adapt.run import Run
from synthda.adapt.selection import Selection
from synthda.adapt.trained import load_run
from synthda.errors import RunError, SettingError


def data() -> Data:
    return Data(sources=(domain(),), target=domain(target=True).images)


def finished(folder: Path, method: str = "source-only", *, steps: int = 3, **given: object) -> Run:
    run = Run(folder)
    adapt(blueprint(method, steps=steps, **given), data(), run, export=False)
    return run


def begun(run: Run, plan: Blueprint, classes: Sequence[str] | None = None) -> tuple[str, dict[str, torch.Tensor]]:
    method = plan.build()
    said = Beginning(run, *load_run(run)).give_to(method, classes or plan.known_classes)
    return said, weights(method)


def test_without_a_step_it_is_the_run_that_it_began_with(tmp_path: Path) -> None:
    first = finished(tmp_path / "first")
    plan = blueprint("source-only", steps=0)
    adapt(plan, data(), Run(tmp_path / "second"), begin=first, export=False)
    assert same(weights(load_run(Run(tmp_path / "second"))[1]), weights(load_run(first)[1]))


def test_it_keeps_the_normalisation_that_the_weights_know(tmp_path: Path) -> None:
    first = finished(tmp_path / "first")
    brighter = Data(sources=(domain(target=True),), target=domain(target=True).images)
    adapt(blueprint("dann", steps=1), brighter, Run(tmp_path / "second"), begin=first, export=False)
    one, two = (load_run(run)[1].network.mean for run in (first, Run(tmp_path / "second")))
    assert torch.equal(one, two)


def test_every_network_of_a_method_gets_the_weights_and_what_it_adds_starts_afresh(tmp_path: Path) -> None:
    first = finished(tmp_path / "first")
    trained = load_run(first)[1].network.state_dict()
    method = blueprint("adamatch").build()
    Beginning(first, *load_run(first)).give_to(method, ("left", "upper"))
    for network in (method.network, method.averaged):
        assert same(network.state_dict(), trained)  # type: ignore[union-attr, operator]
    fresh, given = blueprint("dann").build(), blueprint("dann").build()
    Beginning(first, *load_run(first)).give_to(given, ("left", "upper"))
    assert same(weights(fresh.domain_classifier), weights(given.domain_classifier))  # type: ignore[arg-type]


def test_of_a_run_with_a_teacher_the_teacher_is_taken(tmp_path: Path) -> None:
    first = finished(tmp_path / "first", "self-ensembling")
    _, method = load_run(first)
    assert deployed_network(method) is method.teacher
    _, found = begun(first, blueprint("source-only"))
    expected = {f"network.{name}": value for name, value in method.teacher.state_dict().items()}  # type: ignore[union-attr, operator]
    assert same(found, expected)


def test_rows_of_shared_classes_are_copied_by_name_and_others_start_afresh(tmp_path: Path) -> None:
    first = finished(tmp_path / "first")
    texts = {name: str(value) for name, value in SETTINGS.items()}
    plan = Blueprint.of("source-only", "conv-small", ("upper", "lower", "left"), given=texts, input_size=(16, 16))
    said, found = begun(first, plan)
    fresh, theirs = weights(plan.build()), weights(load_run(first)[1])
    for name in ("network.label_predictor.0.weight", "network.label_predictor.0.bias"):
        assert torch.equal(found[name][[2, 0]], theirs[name])  # left, upper
        assert torch.equal(found[name][1], fresh[name][1])
    assert "classes that start afresh: lower" in said
    assert said.startswith(f"{len(theirs)} of {len(theirs)} tensors")


def test_the_run_is_known_by_what_it_began_with_and_resumes(tmp_path: Path) -> None:
    first, other = finished(tmp_path / "first"), finished(tmp_path / "other", steps=2)
    plan = blueprint("dann", steps=2)
    manifest = adapt(plan, data(), Run(tmp_path / "run"), begin=first, export=False)
    assert manifest["configuration"]["from"] == first.read()["fingerprint"]
    adapt(plan, data(), Run(tmp_path / "run"), begin=first, export=False)
    for begin in (None, other):
        with pytest.raises(RunError, match="holds a run with another run in --from"):
            adapt(plan, data(), Run(tmp_path / "run"), begin=begin, export=False)


def test_a_method_that_goes_on_from_another_run_has_that_one_begin_so(tmp_path: Path) -> None:
    first = finished(tmp_path / "first")
    adapt(blueprint("shot", steps=2), data(), Run(tmp_path / "run"), begin=first, export=False)
    before = Run(tmp_path / "run").first.read()
    assert before["configuration"]["from"] == first.read()["fingerprint"]
    assert before["configuration"]["blueprint"]["method"] == "source-only"


def test_what_cannot_begin_so_is_refused(tmp_path: Path) -> None:
    first = finished(tmp_path / "first")
    for changed, said in (({"width": 8}, "another network settings (width=4, not width=8)"),):
        with pytest.raises(SettingError) as caught:
            adapt(blueprint("dann", **changed), data(), Run(tmp_path / "run"), begin=first, export=False)
        assert said in str(caught.value)
    other = Blueprint.of("dann", "ganin-mnist", ("left", "upper"), input_size=(28, 28))
    with pytest.raises(SettingError, match=r"another network \(conv-small, not ganin-mnist\)"):
        Beginning(first, *load_run(first)).check(other)
    with pytest.raises(SettingError, match="give one of the two"):
        adapt(blueprint("shot"), data(), Run(tmp_path / "run"), begin=first, start=first, export=False)
    unfinished = Run(tmp_path / "unfinished")
    train_toy(blueprint("source-only", steps=1), unfinished)
    with pytest.raises(SettingError, match="is not finished"):
        adapt(blueprint("dann"), data(), Run(tmp_path / "run"), begin=unfinished, export=False)
    assert not (tmp_path / "run").exists()


def test_what_it_has_learnt_from_is_not_held_out(tmp_path: Path) -> None:
    first = finished(tmp_path / "first")
    held = Selection(hold_out=0.25)
    with pytest.raises(SettingError, match="may have learnt from images of toy that are held out here"):
        adapt(blueprint("dann"), data(), Run(tmp_path / "run"), begin=first, export=False, select=held)
    elsewhere = Data(sources=(replace(domain(seed=3), name="elsewhere"),), target=domain(target=True).images)
    second = Run(tmp_path / "second")
    adapt(blueprint("dann", steps=1), elsewhere, second, begin=first, export=False, select=held)
    with pytest.raises(SettingError, match="may have learnt from images of toy that are held out here"):
        adapt(blueprint("dann"), data(), Run(tmp_path / "run"), begin=second, export=False, select=held)


@pytest.mark.slow
def test_a_new_class_is_learnt_sooner_than_from_nothing(tmp_path: Path) -> None:
    texts = {"width": "8", "learning_rate": "0.003", "schedule": "constant", "source_view": "none"}
    plans = [
        Blueprint.of("source-only", "conv-small", HALVES[:known], given=texts, input_size=(16, 16), steps=steps)
        for known, steps in ((3, 120), (4, 15))
    ]
    sources = [Data(sources=(halves(256, known=known),), target=halves(8).images) for known in (3, 4)]
    adapt(plans[0], sources[0], Run(tmp_path / "first"), export=False)
    unseen, scores = halves(200, seed=4), []
    for begin in (None, Run(tmp_path / "first")):
        run = Run(tmp_path / f"then-{begin is None}")
        evaluated = replace(sources[1], evaluation=unseen)
        scores.append(adapt(plans[1], evaluated, run, begin=begin, export=False)["results"]["evaluation"]["accuracy"])
    assert scores[1] > scores[0] + 0.05
    assert np.isfinite(scores).all()
