"""A run that chooses its checkpoint: the same candidates and choice after a kill, and what the manifest says of it."""

from __future__ import annotations

import json
import math
import signal
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from toy import blueprint, domain, same, weights

from synthda.adapt import adaptation, candidates
from synthda.adapt.adaptation import adapt
from synthda.adapt.baselines import compare
from synthda.adapt.candidates import best_step, bytes_each, candidate_steps
from synthda.adapt.checkpoint import load_checkpoint
from synthda.adapt.data import Data
from synthda.adapt.results import score
from synthda.adapt.run import Run
from synthda.adapt.selection import Selection
from synthda.adapt.selection.validation import Validation
from synthda.adapt.train import Pace
from synthda.adapt.trained import load_run
from synthda.errors import RunError

PLAN = blueprint(steps=10)
ENTROPY = Selection("entropy", candidates=5)
STEPS = (2, 4, 6, 8, 10)


def data(**changes: Any) -> Data:
    made = Data(
        sources=(domain(),),
        target=domain(target=True).images,
        evaluation=domain(40, seed=5, target=True, name="held out"),
        target_name="dusk",
    )
    return replace(made, **changes)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Validation]:
    """A rule that prefers the candidate that it is asked third; what it was asked, in order."""
    seen: list[Validation] = []

    def prefer_third(validation: Validation) -> float:
        seen.append(validation)
        return 1.0 if len(seen) == 3 else 0.5

    monkeypatch.setattr(candidates, "load_rule", lambda name: prefer_third)
    return seen


def kept(run: Run) -> list[str]:
    return sorted(path.name for path in run.checkpoint.parent.iterdir())


def interrupt_at(step: int) -> Pace:
    return Pace(
        log_every=1,
        checkpoint_seconds=0,
        on_log=lambda entry: signal.raise_signal(signal.SIGINT) if entry["step"] == step else None,
    )


def crash_at(step: int) -> Pace:
    """Saved at each step, then dead in the midst of one, after its candidate was written."""

    def crash(entry: dict[str, float]) -> None:
        if entry["step"] == step:
            raise ZeroDivisionError("killed")

    return Pace(log_every=1, checkpoint_seconds=0, on_log=crash)


def test_candidates_are_evenly_spaced_end_with_the_last_step_and_none_is_early() -> None:
    assert candidate_steps(10, 5) == STEPS
    assert candidate_steps(8000, 2) == (1600, 8000)
    assert candidate_steps(3, 10) == (1, 2, 3)
    assert candidate_steps(0, 10) == (0,)
    spaced = candidate_steps(1000, 10)
    assert (len(spaced), spaced[0], spaced[-1]) == (10, 200, 1000)
    assert {late - early for early, late in pairwise(spaced)} <= {88, 89}


def test_the_best_candidate_is_what_is_deployed_and_the_others_are_removed(
    tmp_path: Path, asked: list[Validation], monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[dict[str, Any]] = []
    real = candidates.candidate
    monkeypatch.setattr(candidates, "candidate", lambda *given: states.append(weights(found := real(*given))) or found)
    run = Run(tmp_path)
    exported: dict[str, Any] = {}
    monkeypatch.setattr(
        adaptation,
        "export_onnx",
        lambda method, *given, facts, **more: exported.update(facts, weights=weights(method)) or {},
    )
    results = adapt(PLAN, data(), run, select=ENTROPY)["results"]
    assert kept(run) == ["last.pt", "selected.pt"]
    assert results["checkpoint"] == "selected"
    assert (results["selection"]["rule"], results["selection"]["step"]) == ("entropy", 6)
    assert results["selection"]["candidates"] == [{"step": step, "score": 1.0 if step == 6 else 0.5} for step in STEPS]
    chosen = load_run(run)[1]
    assert same(weights(chosen), states[2])
    last = PLAN.build()
    assert load_checkpoint(run.checkpoint, last, {}) == 10
    assert not same(weights(last), weights(chosen))
    held_out = data().evaluation
    assert held_out is not None
    for name, method in (("evaluation", chosen), ("evaluation_of_last", last)):
        assert results[name]["accuracy"] == score(method, held_out, PLAN.classes).accuracy
    assert json.loads(run.evaluation.read_text()) == results["evaluation"]
    assert compare(run, data())["adapted"] == results["evaluation"]["accuracy"]
    assert same(exported.pop("weights"), weights(chosen))
    told = {"checkpoint": "selected", "step": 6, "selected_by": "entropy", "steps": 10}
    assert exported.items() >= told.items()
    assert (asked[0].features_t.shape[0], asked[0].labels_s.size) == (64, 0)


def test_a_candidate_is_the_run_that_ends_there_but_for_its_schedules(tmp_path: Path) -> None:
    plan = blueprint("source-only", steps=10)
    adapt(plan, data(), Run(tmp_path / "whole"), export=False, select=Selection("entropy", candidates=2))
    run = Run(tmp_path / "kept")
    with pytest.raises(KeyboardInterrupt):
        adapt(plan, data(), run, export=False, pace=interrupt_at(5), select=ENTROPY)
    assert kept(run) == ["last.pt", "step-000002.pt", "step-000004.pt"]
    short = blueprint("source-only", steps=4)
    adapt(short, data(), Run(tmp_path / "short"), export=False)
    candidate = plan.build()
    assert load_checkpoint(run.candidate(4), candidate, {}) == 4
    assert same(weights(candidate), weights(load_run(Run(tmp_path / "short"))[1]))
    assert run.candidate(4).stat().st_size == pytest.approx(bytes_each(candidate), abs=20_000)
    assert "optimizers" in torch.load(run.candidate(4), weights_only=True)
    assert torch.load(run.candidate(4), weights_only=True)["optimizers"] == {}


def test_a_candidate_takes_what_its_weights_and_its_running_statistics_do() -> None:
    method = blueprint(norm="batch").build()
    assert bytes_each(method) == sum(tensor.nbytes for tensor in weights(method).values())


@pytest.mark.parametrize("method", ["dann", "self-ensembling"])
def test_a_run_that_is_stopped_again_and_again_ends_with_the_same_candidates_and_the_same_choice(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "remove_candidates", lambda run: None)
    plan, select = blueprint(method, steps=10, source_view="strong"), Selection("information-maximisation", 5)
    whole, run = Run(tmp_path / "whole"), Run(tmp_path / "stopped")
    undisturbed = adapt(plan, data(), whole, export=False, select=select)["results"]
    for error, pace in (
        (KeyboardInterrupt, interrupt_at(1)),
        (KeyboardInterrupt, interrupt_at(4)),
        (ZeroDivisionError, crash_at(6)),  # the candidate is there, the checkpoint that goes on from it is not
        (KeyboardInterrupt, interrupt_at(10)),
    ):
        with pytest.raises(error):
            adapt(plan, data(), run, export=False, pace=pace, select=select)
    resumed = adapt(plan, data(), run, export=False, select=select)["results"]
    assert kept(run) == kept(whole)
    for name in kept(run):
        loaded = [plan.build(), plan.build()]
        steps = [
            load_checkpoint(each.checkpoint.parent / name, method, {})
            for each, method in zip((run, whole), loaded, strict=True)
        ]
        assert steps[0] == steps[1]
        assert same(weights(loaded[0]), weights(loaded[1])), name
    assert resumed == undisturbed
    assert run.selection.read_bytes() == whole.selection.read_bytes()


def test_a_choice_that_was_stopped_is_made_again_and_one_that_was_made_is_kept(
    tmp_path: Path, asked: list[Validation], monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*given: object) -> None:
        raise ZeroDivisionError("killed")

    run = Run(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(candidates, "write_json", crash)
        with pytest.raises(ZeroDivisionError):
            adapt(PLAN, data(), run, export=False, select=ENTROPY)
    assert "selected.pt" in kept(run)
    assert run.deployed == run.checkpoint
    asked.clear()
    with monkeypatch.context() as patched:
        patched.setattr(Run, "remove_candidates", crash)
        with pytest.raises(ZeroDivisionError):
            adapt(PLAN, data(), run, export=False, select=ENTROPY)
    assert len(asked) == 5
    assert run.deployed == run.selected
    assert len(kept(run)) == 6
    again = adapt(PLAN, data(), run, export=False, select=ENTROPY)["results"]
    assert len(asked) == 5
    assert again["selection"]["step"] == 6
    assert kept(run) == ["last.pt", "selected.pt"]
    assert adapt(PLAN, data(), run, export=False, select=ENTROPY)["results"] == again


def test_of_equal_scores_the_later_step_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "load_rule", lambda name: lambda validation: 0.5)
    assert adapt(PLAN, data(), Run(tmp_path), export=False, select=ENTROPY)["results"]["selection"]["step"] == 10


def test_a_score_that_is_no_number_wins_over_none() -> None:
    assert best_step({1: math.nan, 2: 0.5, 3: 0.7, 4: math.inf}) == 3
    assert best_step({1: math.nan, 2: math.nan}) == 2


def test_keeping_candidates_changes_neither_the_weights_nor_what_identifies_the_run(tmp_path: Path) -> None:
    plain = adapt(PLAN, data(), Run(tmp_path / "plain"), export=False)
    selected = adapt(PLAN, data(), Run(tmp_path / "selected"), export=False, select=ENTROPY)
    assert plain["fingerprint"] == selected["fingerprint"]
    assert plain["configuration"] == selected["configuration"]
    one, other = PLAN.build(), PLAN.build()
    for name, method in (("plain", one), ("selected", other)):
        load_checkpoint(Run(tmp_path / name).checkpoint, method, {})
    assert same(weights(one), weights(other))


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (Selection("snd", 5), r"was chosen by entropy among 5, .*give --select entropy --candidates 5, another --out"),
        (Selection("entropy", 2), "was chosen by entropy among 5"),
        (Selection(), "was chosen by entropy among 5"),
    ],
    ids=["another rule", "another number", "last"],
)
def test_a_choice_that_was_made_is_not_made_otherwise(tmp_path: Path, second: Selection, sentence: str) -> None:
    adapt(PLAN, data(), Run(tmp_path), export=False, select=ENTROPY)
    before = Run(tmp_path).selection.read_bytes()
    with pytest.raises(RunError, match=sentence) as caught:
        adapt(PLAN, data(), Run(tmp_path), export=False, select=second)
    assert "\n" not in str(caught.value)
    assert Run(tmp_path).selection.read_bytes() == before
    assert adapt(PLAN, data(), Run(tmp_path), export=False, select=second, force=True)
    assert Run(tmp_path).selection.exists() == second.chooses


def test_a_run_that_kept_no_candidates_cannot_be_chosen_from(tmp_path: Path) -> None:
    adapt(PLAN, data(), Run(tmp_path / "whole"), export=False)
    with pytest.raises(RunError, match=r"beyond step 2 without keeping that checkpoint.*or --select last"):
        adapt(PLAN, data(), Run(tmp_path / "whole"), export=False, select=ENTROPY)
    run = Run(tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        adapt(PLAN, data(), run, export=False, pace=interrupt_at(5))
    with pytest.raises(RunError, match="beyond step 2"):
        adapt(PLAN, data(), run, export=False, select=ENTROPY)
    assert adapt(PLAN, data(), run, export=False)["results"]["checkpoint"] == "last"


def test_an_unfinished_run_may_be_chosen_from_by_another_rule_or_by_none(tmp_path: Path) -> None:
    for name, second in (("rule", Selection("snd", 5)), ("none", Selection())):
        run = Run(tmp_path / name)
        with pytest.raises(KeyboardInterrupt):
            adapt(PLAN, data(), run, export=False, pace=interrupt_at(5), select=ENTROPY)
        results = adapt(PLAN, data(), run, export=False, select=second)["results"]
        assert results.get("selection", {}).get("rule") == (second.rule if second.chooses else None)
        assert not [name for name in kept(run) if name.startswith("step-")]


def test_target_labels_are_no_part_of_what_a_rule_sees() -> None:
    assert {name for name in Validation.__dataclass_fields__ if "label" in name} == {"labels_s"}


def test_evaluation_labels_do_not_move_the_choice(tmp_path: Path) -> None:
    held_out = data().evaluation
    assert held_out is not None
    turned = replace(held_out, labels=1 - held_out.labels)
    one, other = (
        adapt(PLAN, data(evaluation=each), Run(tmp_path / str(number)), export=False, select=Selection("bnm", 5))
        for number, each in enumerate((held_out, turned))
    )
    assert one["results"]["selection"] == other["results"]["selection"]
