"""What `adapt` says of the trainings that are left, of the run and of the baselines beside it, and of their time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.breakdown import breakdowns_told
from synthda.adapt.checkpoint import load_checkpoint
from synthda.adapt.estimate import readable, seconds_per_step
from synthda.adapt.method import Method
from synthda.adapt.ranks import Ranks
from synthda.adapt.run import Run
from synthda.cli.dividing import part_of
from synthda.wording import counted


@dataclass(frozen=True)
class Remaining:
    """A run's training, of which `done` of `steps` updates are on disk."""

    plan: Blueprint
    run: Run
    done: int
    steps: int
    finished: bool

    @classmethod
    def of(cls, plan: Blueprint, run: Run, *, force: bool, method: Method | None = None) -> Remaining:
        """Of the plan in a folder, from which `force` discards what is there; `method` as the plan builds it."""
        method = plan.build(pretrained=False) if method is None else method
        begun = run.begun and not force
        done = load_checkpoint(run.checkpoint, method, {}) if begun and run.checkpoint.exists() else 0
        return cls(plan, run, done, method.steps(plan.recipe), begun and run.finished)

    @property
    def left(self) -> int:
        return 0 if self.finished else self.steps - self.done

    def seconds(self, device: str, ranks: Ranks) -> float:
        """About what the steps that are left take, from a few that are timed."""
        own = replace(self.plan, recipe=part_of(self.plan.recipe, ranks))
        with breakdowns_told(torch.device(device)):
            return self.left * seconds_per_step(own, device) if self.left else 0.0


def about_remaining(
    own: Remaining, baselines: Mapping[str, Remaining], device: str, ranks: Ranks, *, first: Remaining | None = None
) -> Iterator[str]:
    """The folder, which baselines are trained beside the run, and how long all that is left takes.

    Args:
        first: what the method starts from; None where that is there, or not asked for.
    """
    folder, to_train = own.run.folder, {name: each for name, each in baselines.items() if not each.finished}
    before = [] if first is None or first.finished or own.finished else [first]
    if own.finished:
        yield f"Run      {folder}, which is finished: it is scored and exported once more"
    else:
        yield f"Run      {folder}" + (f", which goes on after step {own.done:,}" if own.done else "")
    for name, each in baselines.items():
        if each.finished:
            yield f"Beside   {name}, which is trained already"
        elif each.done:
            yield f"Beside   {name}, which goes on after step {each.done:,} of {each.steps:,}"
        else:
            yield f"Beside   {name}, which is trained too, for {counted(each.steps, 'step')}"
    if own.finished and not to_train:
        return
    seconds = sum(each.seconds(device, ranks) for each in (*before, own, *to_train.values()))
    about = "about " if round(seconds) else ""  # not "about under 1 s"
    this = f"the {counted(own.left, 'step')} that are left" if own.done else "this training"
    what = [*(f"{each.plan.method} to start from" for each in before), *([] if own.finished else [this]), *to_train]
    yield f"Time     {about}{readable(seconds)} on {device} for {_listed(what)}"


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
