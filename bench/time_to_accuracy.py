"""Seconds of training, and from the process's start, until a method of a table reaches an accuracy.

python -m bench.time_to_accuracy --data DATA [--device cuda] [--precision bf16]
python -m bench.time_to_accuracy --data DATA --device cpu --table methods-mnist-m --method m-adda --aim .95

By default DANN as in the paper, until .7666 on MNIST-M. The weights are kept every few hundred steps and scored after
the training: no label of the target is read in it, and scoring takes none of its time. What a method starts from is
trained before, and counts.
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
from bench.markdown import load
from bench.paths import RESULTS
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.checkpoint import load_checkpoint
from synthda.adapt.configuration import first_blueprint
from synthda.adapt.data import Data
from synthda.adapt.method import Method
from synthda.adapt.metrics_log import read_metrics, training_seconds
from synthda.adapt.results import score
from synthda.adapt.run import Run
from synthda.adapt.train import Pace, train
from synthda.manifest import write_json

AIM = 0.7666
"""Of Ganin et al. 2016, table 2."""
EVERY = 250
RESULT, CASE = "time-to-accuracy", ("table", "method", "aim")


def measure(plan: Blueprint, data: Data, device: str, *, aim: float = AIM, every: int = EVERY) -> dict[str, Any]:
    """The first of the kept weights that reach `aim` on `data.evaluation`, and how long they took; None if none do."""
    assert data.evaluation is not None
    with tempfile.TemporaryDirectory() as folder:
        method, run, before = _trained(plan, data, device, every, Path(folder))
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
        "seconds_of_training": before + sum(until) if reached is not None else None,
        "seconds_from_process_start": since_start - sum(after) if reached is not None else None,
        "steps": plan.recipe.steps,
        "recipe": plan.recipe.as_dict(),
        "accuracies": accuracies,
        "machine": machine(),
    }


def _trained(plan: Blueprint, data: Data, device: str, every: int, folder: Path) -> tuple[Method, Run, float]:
    """The trained method, its run with weights kept on the way, and the seconds of what it started from."""
    method, run, before = plan.build(), Run(folder / plan.method), 0.0
    first = first_blueprint(plan, method)
    if first is not None:
        earlier, begun, before = _trained(first, data, device, first.recipe.steps, folder)
        method.begin_from(earlier)
        before += training_seconds(begun)
    run.begin({})
    pace = Pace(log_every=every, keep=frozenset(range(every, plan.recipe.steps + 1, every)))
    train(method, data.sources, data.target, plan.recipe, run, seed=plan.seed, device=device, pace=pace)
    return method, run, before


def seconds_since_start() -> float:
    """Since this process was started, its interpreter and imports included (Linux)."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # field 22 of proc(5)
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def add(found: dict[str, Any]) -> None:
    """Put a case into the result file, in place of an earlier one of the same name."""
    known = (load(RESULT) or {"cases": []})["cases"]
    kept = [case for case in known if [case[name] for name in CASE] != [found[name] for name in CASE]]
    write_json(RESULTS / f"{RESULT}.json", {"cases": [*kept, found], "machine": machine()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("SYNTHDA_DATA"))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--table", default="mnist-m-ganin", help="of the protocol")
    parser.add_argument("--method", default="dann", help="of the table")
    parser.add_argument("--aim", type=float, default=AIM)
    parser.add_argument("--out", type=Path, help="write the result there; it is printed anyway")
    asked = parser.parse_args()
    protocol, cell = Protocol(asked.data, Path("runs")), Cell(asked.table, "mnist-m-binary", asked.method, seed=0)
    evaluation = protocol.open(cell.table, protocol.told["pairs"][cell.pair]["eval"])
    data = replace(protocol.data_of(cell), evaluation=evaluation)
    plan = protocol.blueprint_of(cell, data.classes)
    plan = replace(plan, recipe=replace(plan.recipe, precision=asked.precision))
    found = {"table": asked.table, "method": asked.method} | measure(plan, data, asked.device, aim=asked.aim)
    print(json.dumps(found, indent=1))
    if asked.out:
        write_json(asked.out, found)
    elif (asked.device, asked.precision) == ("cpu", "float32"):
        add(found)


if __name__ == "__main__":
    main()
