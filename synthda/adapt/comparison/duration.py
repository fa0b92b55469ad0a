"""How long the trainings of a comparison will take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import torch

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.breakdown import breakdowns_told
from synthda.adapt.comparison.cells import Cell
from synthda.adapt.configuration import first_blueprint
from synthda.adapt.estimate import seconds_per_step
from synthda.adapt.run import Run
from synthda.manifest import fingerprint


def seconds_to_train(cells: Iterable[Cell], device: str = "cpu") -> float:
    """Of all runs of these cells, and of those that they start from, without what is finished; scores come on top.

    Each kind of run is timed by a few steps, a second or two; its seeds take as long.

    Raises:
        SettingError: when the device does not compute as a recipe asks.
        RunError: when a step needs more memory than there is.
    """
    runs: dict[Run, Blueprint] = {}
    for cell in cells:
        first = first_blueprint(cell.blueprint, cell.blueprint.build(pretrained=False))
        if cell.first is not None and first is not None:
            runs[cell.first] = first
        runs[cell.run] = cell.blueprint
    each: dict[str, float] = {}
    total = 0.0
    for run, plan in runs.items():
        if run.finished:
            continue
        kind = fingerprint(replace(plan, seed=0).as_dict())
        if kind not in each:
            with breakdowns_told(torch.device(device)):
                each[kind] = plan.build(pretrained=False).steps(plan.recipe) * seconds_per_step(plan, device)
        total += each[kind]
    return total
