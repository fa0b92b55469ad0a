"""Seconds of training, and from the process's start, until DANN reaches .7666 on MNIST-M.

python -m bench.time_to_accuracy --data DATA [--device cuda] [--precision bf16]

The weights are kept every few hundred steps and scored after the training: no label of the target is read in it, and
scoring takes none of its time.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.cells import Cell, Protocol
from bench.machine import machine
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.checkpoint import load_checkpoint
from synthda.adapt.data import Data
from synthda.adapt.metrics_log import read_metrics
from synthda.adapt.results import score
from synthda.adapt.run import Run
from synthda.adapt.train import Pace, train

AIM = 0.7666
"""Of Ganin et al. 2016, table 2."""
EVERY = 250


def measure(plan: Blueprint, data: Data, device: str, *, aim: float = AIM, every: int = EVERY) -> dict[str, Any]:
    """The first of the kept weights that reach `aim` on `data.evaluation`, and how long they took; None if none do."""
    assert data.evaluation is not None
    steps = plan.recipe.steps
    with tempfile.TemporaryDirectory() as folder:
        run, method = Run(Path(folder) / "run"), plan.build()
        run.begin({})
        pace = Pace(log_every=every, keep=frozenset(range(every, steps + 1, every)))
        train(method, data.sources, data.target, plan.recipe, run, device=device, pace=pace)
        since_start = seconds_since_start()
        lines, accuracies = read_metrics(run), {}
        for line in lines:
            load_checkpoint(run.candidate(int(line["step"])), method, {})
            accuracies[int(line["step"])] = score(method, data.evaluation, plan.classes).accuracy
    reached = next((step for step, accuracy in accuracies.items() if accuracy >= aim), None)
    until = [line["seconds"] for line in lines if reached is not None and line["step"] <= reached]
    after = [line["seconds"] for line in lines if reached is not None and line["step"] > reached]
    return {
        "aim": aim,
        "reached_after_steps": reached,
        "seconds_of_training": sum(until) if reached is not None else None,
        "seconds_from_process_start": since_start - sum(after) if reached is not None else None,
        "steps": steps,
        "recipe": plan.recipe.as_dict(),
        "accuracies": accuracies,
        "machine": machine(),
    }


def seconds_since_start() -> float:
    """Since this process was started, its interpreter and imports included (Linux)."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # field 22 of proc(5)
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("SYNTHDA_DATA"))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--out", type=Path, help="write the result there; it is printed anyway")
    asked = parser.parse_args()
    protocol, cell = Protocol(asked.data, Path("runs")), Cell("mnist-m-ganin", "mnist-m-binary", "dann", seed=0)
    evaluation = protocol.open(cell.table, protocol.told["pairs"][cell.pair]["eval"])
    data = replace(protocol.data_of(cell), evaluation=evaluation)
    plan = protocol.blueprint_of(cell, data.classes)
    plan = replace(plan, recipe=replace(plan.recipe, precision=asked.precision))
    found = json.dumps(measure(plan, data, asked.device), indent=1)
    print(found)
    if asked.out:
        asked.out.write_text(found + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
