"""What is held out in a run, in the run that it starts from and in its baselines; and the estimate that comes of it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from toy import blueprint, domain

from synthda.adapt.adaptation import adapt
from synthda.adapt.baselines import run_baselines
from synthda.adapt.data import FLOOR, ORACLE, Data
from synthda.adapt.run import Run
from synthda.adapt.selection import Selection
from synthda.errors import RunError

PLAN = blueprint(steps=10)
ENTROPY = Selection("entropy", candidates=5)


def data(**changes: Any) -> Data:
    evaluation = domain(40, seed=5, target=True, name="held out")
    made = Data(sources=(domain(),), target=domain(target=True).images, evaluation=evaluation)
    return replace(made, **changes)


def test_held_out_images_make_another_run_with_an_estimate_of_the_accuracy(tmp_path: Path) -> None:
    plain = adapt(PLAN, data(), Run(tmp_path / "plain"), export=False)
    assert "estimated_accuracy" not in plain["results"]
    select = Selection("source-accuracy", candidates=2)
    held = adapt(PLAN, data(), Run(tmp_path / "held"), export=False, select=select)
    assert held["configuration"]["data"]["sources"][0]["images"] == 64 - 7
    assert held["fingerprint"] != plain["fingerprint"]
    estimate = held["results"]["estimated_accuracy"]
    assert (estimate["source_images"], estimate["target_images"]) == (7, 64)
    assert estimate["error"] == estimate["value"] - held["results"]["evaluation"]["accuracy"]
    with pytest.raises(RunError, match="other data"):
        adapt(PLAN, data(), Run(tmp_path / "plain"), export=False, select=select)


def test_the_last_checkpoint_is_estimated_too_where_images_are_held_out(tmp_path: Path) -> None:
    results = adapt(PLAN, data(evaluation=None), Run(tmp_path), export=False, select=Selection(hold_out=0.2))["results"]
    assert results["checkpoint"] == "last"
    assert 0 <= results["estimated_accuracy"]["value"] <= 1
    assert "error" not in results["estimated_accuracy"]
    scored = adapt(PLAN, data(), Run(tmp_path), export=False, select=Selection(hold_out=0.2))["results"]
    assert scored["estimated_accuracy"]["value"] == results["estimated_accuracy"]["value"]
    assert "error" in scored["estimated_accuracy"]


def test_with_unknown_the_estimate_is_compared_on_known_classes_alone(tmp_path: Path) -> None:
    plan = replace(PLAN, classes=(*data().classes, "unknown"), calibrates_unknown=True)
    results = adapt(plan, data(), Run(tmp_path), export=False, select=Selection(hold_out=0.2))["results"]
    estimate = results["estimated_accuracy"]
    assert estimate["error"] == estimate["value"] - results["evaluation"]["known_accuracy"]


def test_a_run_that_the_method_starts_from_does_not_learn_what_is_held_out(tmp_path: Path) -> None:
    plan = blueprint("iw-dann", steps=4)
    run = Run(tmp_path)
    adapt(plan, data(evaluation=None), run, export=False, select=Selection("iwv", candidates=2))
    assert run.first.read()["configuration"]["data"]["sources"] == run.read()["configuration"]["data"]["sources"]
    assert os.listdir(run.first.checkpoint.parent) == ["last.pt"]


def test_source_only_is_chosen_by_the_target_that_it_was_not_trained_on(tmp_path: Path) -> None:
    plan = blueprint("source-only", steps=4)
    results = adapt(plan, data(), Run(tmp_path), export=False, select=ENTROPY)["results"]
    assert results["checkpoint"] == "selected"
    with pytest.raises(RunError, match="chosen for another target, and the others are gone"):
        adapt(plan, data(target=domain(30, seed=9, target=True).images), Run(tmp_path), export=False, select=ENTROPY)


def test_the_floor_is_chosen_like_the_run_and_the_oracle_is_the_last(tmp_path: Path) -> None:
    given, run, select = data(oracle=domain(seed=8, target=True)), Run(tmp_path), Selection("iwv", 2)
    run_baselines(PLAN, given, run, select=select)
    floor, oracle = (run.baseline(name).read() for name in (FLOOR, ORACLE))
    assert floor["results"]["selection"]["rule"] == "iwv"
    assert floor["configuration"]["data"]["sources"][0]["images"] == 64 - 7
    assert oracle["results"]["checkpoint"] == "last"
    assert oracle["configuration"]["data"]["sources"][0]["images"] == 64
