"""What is told of the trainings that are left: only these are timed, by what this process takes of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from toy import blueprint

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.data import FLOOR
from synthda.adapt.ranks import ALONE, Ranks
from synthda.adapt.run import Run
from synthda.cli import remaining
from synthda.cli.dividing import division
from synthda.cli.remaining import Remaining, about_remaining

SHOT, PLAIN = blueprint("shot"), blueprint(FLOOR)


@dataclass
class First(Ranks):
    """The first of so many processes."""

    size: int


@pytest.fixture(autouse=True)
def timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step takes a second for each 16 images of the source."""
    monkeypatch.setattr(remaining, "seconds_per_step", lambda plan, device: plan.recipe.source_batch / 16)


def left(plan: Blueprint, done: int, steps: int = 100, *, finished: bool = False) -> Remaining:
    return Remaining(plan, Run(Path("run")), done, steps, finished)


def test_of_a_run_that_goes_on_the_steps_that_are_left_are_timed_with_what_else_is_trained() -> None:
    beside, first = {FLOOR: left(PLAIN, 0, 50)}, left(PLAIN, 0, 10)
    assert list(about_remaining(left(SHOT, 30), beside, "cpu", ALONE, first=first)) == [
        "Run      run, which goes on after step 30",
        "Beside   source-only, which is trained too, for 50 steps",
        "Time     about 2 min 10 s on cpu for source-only to start from, the 70 steps that are left and source-only",
    ]


def test_of_a_finished_run_the_baselines_alone_are_timed() -> None:
    own, first = left(SHOT, 100, finished=True), left(PLAIN, 0, 10)
    beside = {FLOOR: left(PLAIN, 20, 50)}
    assert list(about_remaining(own, beside, "cpu", ALONE, first=first)) == [
        "Run      run, which is finished: it is scored and exported once more",
        "Beside   source-only, which goes on after step 20 of 50",
        "Time     about 30 s on cpu for source-only",
    ]
    beside = {FLOOR: left(PLAIN, 50, 50, finished=True)}
    assert len(list(about_remaining(own, beside, "cpu", ALONE, first=first))) == 2


def test_one_of_several_processes_is_timed_with_its_part_of_a_batch() -> None:
    assert left(PLAIN, 0).seconds("cpu", ALONE) == 100
    assert left(PLAIN, 0).seconds("cpu", First(2)) == 50


def test_a_process_takes_its_part_of_what_the_method_reads() -> None:
    dann = blueprint("dann")
    assert not list(division(dann.build(), dann.recipe, ALONE))
    for plan, parts in ((dann, "8 + 6"), (PLAIN, "8"), (SHOT, "6")):
        (share, *_) = division(plan.build(), plan.recipe, First(2))
        assert share == f"Share    2 processes, of which each takes {parts} images of a batch"
