"""Accuracy by the committed protocol: every cell a run that resumes; `--collect` writes the result file of a table.

python -m bench.accuracy mnist-m-ganin --data DATA --runs RUNS
python -m bench.accuracy mnist-m-ganin --data DATA --runs RUNS --collect
"""

from __future__ import annotations

import json
import math
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.cells import BASELINES, Cell, Protocol, arguments_of, tracks_of
from bench.machine import machine
from bench.paths import RESULTS
from synthda.adapt.adaptation import adapt
from synthda.adapt.baselines import feature_distance
from synthda.adapt.data import FLOOR, ORACLE
from synthda.adapt.evaluate import gap_closed
from synthda.adapt.metrics_log import Entry
from synthda.adapt.results import score
from synthda.adapt.train import Pace
from synthda.adapt.trained import load_run
from synthda.errors import RunError
from synthda.manifest import write_json


def train(protocol: Protocol, cell: Cell, *, device: str = "cpu", until: float = math.inf) -> None:
    """Train a cell, or go on with it; one that breaks down is told and left, and so is one at the time `until`."""
    run = protocol.run_of(cell)
    if run.finished or measured(protocol, cell):
        return
    data = protocol.data_of(cell)
    blueprint = protocol.blueprint_of(cell, data.classes)
    print(f"{cell.table} {cell.pair} {cell.method} seed {cell.seed}", flush=True)

    def on_log(entry: Entry) -> None:
        print(entry, flush=True)
        if time.time() > until:
            signal.raise_signal(signal.SIGINT)  # the loop saves, then stops

    first, pace = protocol.first_of(cell, blueprint), Pace(log_every=500, on_log=on_log)
    try:
        adapt(blueprint, data, run, device=device, export=False, first=first, pace=pace)
    except KeyboardInterrupt:
        print("out of time; the same command goes on from here", flush=True)
        sys.exit(0)
    except RunError as error:
        print(f"failed: {error}", flush=True)


def measured(protocol: Protocol, cell: Cell) -> dict[str, Any] | None:
    """What the committed result file has of this cell, when it was measured by the protocol as it is now."""
    path = RESULTS / f"{cell.table}.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"rows": []}
    if found.get("protocol", found.get("fingerprint")) != protocol.fingerprint_of(cell.table):
        return None
    if "rows" not in found:  # of products, which bench.grocery scores
        products: dict[str, Any] | None = found["methods"].get(cell.method, {}).get(str(cell.seed))
        return products
    rows = (row["methods"].get(cell.method) for row in found["rows"] if row["pair"] == cell.pair)
    variant = protocol.variant(cell.method)
    known = (method for method in rows if method and method.get("variant", variant) == variant)
    return next((scored for method in known for scored in method["seeds"] if scored["seed"] == cell.seed), None)


def scored(protocol: Protocol, cell: Cell, device: str) -> dict[str, Any]:
    """The score of a finished cell."""
    run = protocol.run_of(cell)
    blueprint, method = load_run(run)
    method.to(device)
    assert blueprint == protocol.blueprint_of(cell, blueprint.classes), f"{run.folder} is of another protocol"
    evaluation = protocol.open(cell.table, protocol.told["pairs"][cell.pair]["eval"])
    found = score(method, evaluation, blueprint.classes, groups=tracks_of(evaluation))
    return {
        "seed": cell.seed,
        "accuracy": found.accuracy,
        "interval": found.interval,
        "n": found.n,
        "mean_recall": found.mean_recall,
        "proxy_a_distance": feature_distance(method, protocol.data_of(cell)),
        "commit": run.read()["provenance"]["commit"],
    }


def collect(protocol: Protocol, table: str, device: str = "cpu") -> dict[str, Any]:
    """Every finished cell, scored; unfinished ones are listed as not measured."""
    chosen = protocol.table(table)
    return {
        "table": table,
        **chosen,
        "checkpoint": "last",
        "protocol": protocol.fingerprint_of(table),
        "rows": [_row(protocol, table, pair, device) for pair in chosen["pairs"]],
        "machine": machine(),
    }


def _row(protocol: Protocol, table: str, pair: str, device: str) -> dict[str, Any]:
    chosen = protocol.table(table)
    methods: dict[str, Any] = {}
    for method in chosen["methods"]:
        cells = [Cell(table, pair, method, seed) for seed in chosen["seeds"]]
        done = [found for found in (_measure(protocol, cell, device) for cell in cells) if found]
        variant = {"variant": protocol.variant(method)}
        methods[method] = {"seeds": done, "missing": len(cells) - len(done)} | variant | _summary(done)
    for method, found in methods.items():
        plain = protocol.variant(method)["method"] not in BASELINES
        found["gap_closed"] = _gap_closed(*(methods.get(name) for name in (FLOOR, method, ORACLE))) if plain else None
    return {"pair": pair, **protocol.told["pairs"][pair], "methods": methods}


def _gap_closed(*compared: dict[str, Any] | None) -> float | None:
    """Of the means over the seeds that floor, method and oracle share."""
    scored = [{cell["seed"]: cell["accuracy"] for cell in one["seeds"]} if one else {} for one in compared]
    shared = set.intersection(*(set(each) for each in scored))
    return gap_closed(*(float(np.mean([each[seed] for seed in shared])) for each in scored)) if shared else None


def _measure(protocol: Protocol, cell: Cell, device: str) -> dict[str, Any] | None:
    return measured(protocol, cell) or (scored(protocol, cell, device) if protocol.run_of(cell).finished else None)


def _summary(done: list[dict[str, Any]]) -> dict[str, float]:
    """Mean, and the sample's standard deviation."""
    accuracies = [cell["accuracy"] for cell in done]
    deviation = float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else 0.0
    return {"mean": float(np.mean(accuracies)), "std": deviation} if accuracies else {}


def main() -> None:
    parser = arguments_of(__doc__)
    parser.add_argument("table")
    parser.add_argument("--slice", default="0/1", help="i/n: every n-th cell, for n processes side by side")
    parser.add_argument("--seeds", help="only these, such as 0,1: one seed of several tables first")
    parser.add_argument(
        "--only", action="append", metavar="METHOD", help="only this method; may be given several times"
    )
    parser.add_argument("--collect", action="store_true", help="score what is finished and write the result file")
    parser.add_argument("--render", action="store_true", help="only render what is missing, for processes side by side")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--until", type=float, default=math.inf, help="seconds since 1970: no cell goes on after that")
    arguments = parser.parse_args()
    protocol = Protocol(arguments.data, arguments.runs)
    if arguments.collect:
        write_json(RESULTS / f"{arguments.table}.json", collect(protocol, arguments.table, arguments.device))
        return
    if arguments.render:
        protocol.render(arguments.table)
        return
    index, slices = (int(part) for part in arguments.slice.split("/"))
    seeds = None if arguments.seeds is None else {int(seed) for seed in arguments.seeds.split(",")}
    methods = arguments.only
    seen: list[Path] = []
    for cell in protocol.cells(arguments.table):
        folder = protocol.run_of(cell).folder
        if (seeds is not None and cell.seed not in seeds) or (methods is not None and cell.method not in methods):
            continue
        seen += [] if folder in seen else [folder]
        if seen.index(folder) % slices == index and time.time() < arguments.until:
            train(protocol, cell, device=arguments.device, until=arguments.until)


if __name__ == "__main__":
    main()
