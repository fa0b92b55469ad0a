"""The checkpoints of a run that a rule chooses among: which steps, their scores, the choice, and what stays on disk."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.checkpoint import load_checkpoint, save_checkpoint
from synthda.adapt.method import Method
from synthda.adapt.run import Run
from synthda.adapt.selection import Selection, load_rule
from synthda.adapt.selection.validation import Probe
from synthda.adapt.train import Pace
from synthda.errors import RunError
from synthda.manifest import FORMAT, read_manifest, write_json

EARLIEST = 0.2
"""Share of the training before which nothing is kept: methods turn up their losses meanwhile."""


def candidate_steps(steps: int, count: int) -> tuple[int, ...]:
    """`count` steps, evenly spaced from a fifth of the training to its end; fewer where there are fewer steps."""
    return tuple(sorted({math.ceil(share * steps) for share in np.linspace(EARLIEST, 1, count).round(9)}))


def keeping(pace: Pace | None, run: Run, steps: int, select: Selection, probe: Probe) -> Pace:
    """The pace at which the candidates are kept; the last one is the run's own checkpoint.

    Raises:
        RunError: when the run was chosen from by another rule, among other candidates, or for another target.
    """
    pace = pace or Pace()
    if run.selection.exists():
        _refuse_another(run, select, candidate_steps(steps, select.candidates), probe)
        return pace
    kept = frozenset(candidate_steps(steps, select.candidates)[:-1])
    return replace(pace, keep=kept) if select.chooses or select.keeps else pace


def choose(
    blueprint: Blueprint, run: Run, steps: int, select: Selection, probe: Probe, *, device: str = "cpu"
) -> dict[str, Any]:
    """Score the candidates, write the best as `selected.pt`, then the choice, then remove the others.

    Of equal scores the later step is taken. A run that was chosen from already is not asked again: its candidates
    are gone.

    Returns:
        The rule, the chosen step, and each candidate's step and score: the content of `selection.json`.

    Raises:
        RunError: when a candidate is missing or damaged.
    """
    if not run.selection.exists():
        kept = candidate_steps(steps, select.candidates)
        run.require_candidates(kept[:-1])
        rule = load_rule(select.rule)
        scores = {}
        for step in kept:
            scores[step] = rule(probe.by(candidate(blueprint, run, step, device)))
        best = best_step(scores)
        fingerprint = str(run.read()["fingerprint"])
        save_checkpoint(run.selected, candidate(blueprint, run, best, device), {}, best, fingerprint)
        scored = [{"step": step, "score": score} for step, score in scores.items()]
        choice = {"rule": select.rule, "step": best, "candidates": scored, "target": probe.content}
        write_json(run.selection, {"format": FORMAT, "kind": "selection"} | choice)
    run.remove_candidates()
    return _choice(run)


def best_step(scores: Mapping[int, float]) -> int:
    """The step with the highest score; of equal ones the later, and one that is no number only where all are none."""
    return max(scores, key=lambda step: (scores[step] if math.isfinite(scores[step]) else -math.inf, step))


def facts_of_checkpoint(run: Run, steps: int) -> dict[str, Any]:
    """What an exported model tells of its checkpoint: the chosen one or the last, its step, and the rule."""
    if not run.selection.exists():
        return {"checkpoint": "last", "step": steps}
    choice = _choice(run)
    return {"checkpoint": "selected", "step": choice["step"], "selected_by": choice["rule"]}


def bytes_each(method: Method) -> int:
    """What a candidate takes on disk: its parameters and buffers."""
    held = [*method.parameters(), *method.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in held)


def _choice(run: Run) -> dict[str, Any]:
    found = read_manifest(run.selection)
    known = ("rule", "step", "candidates", "target")
    if not set(known) <= found.keys():
        raise RunError(f"{run.selection} is incomplete or damaged; give --force to train anew.")
    return {name: found[name] for name in known}


def candidate(blueprint: Blueprint, run: Run, step: int, device: str = "cpu") -> Method:
    """The method as it was after `step` updates; raises RunError where that was not kept, or is damaged."""
    method = blueprint.build(pretrained=False)
    path = run.checkpoint if step == method.steps(blueprint.recipe) else run.candidate(step)
    load_checkpoint(path, method, {}, str(run.read()["fingerprint"]))
    return method.to(device).eval()


def _refuse_another(run: Run, select: Selection, steps: Sequence[int], probe: Probe) -> None:
    found = _choice(run)
    rule, among = found["rule"], [candidate["step"] for candidate in found["candidates"]]
    if found["target"] != probe.content:  # source-only training knows no target, but its choice does
        raise RunError(
            f"The checkpoint of {run.folder} was chosen for another target, and the others are gone; give another "
            "--out, or --force to train anew."
        )
    if (rule, among) != (select.rule, list(steps)):
        raise RunError(
            f"The checkpoint of {run.folder} was chosen by {rule} among {len(among)}, and the others are gone; give "
            f"--select {rule} --candidates {max(2, len(among))}, another --out, or --force to train anew."
        )
