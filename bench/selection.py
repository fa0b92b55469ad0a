"""What the rules of selection are worth: each run's checkpoint by every rule, the last, and the best on the labels.

python -m bench.selection --data DATA --runs RUNS
"""

from __future__ import annotations

from dataclasses import asdict

from bench.cells import Protocol, arguments_of
from bench.machine import machine
from bench.paths import RESULTS
from synthda.adapt.comparison.plan import Entry, Pair, Plan
from synthda.adapt.comparison.run import Comparison
from synthda.adapt.comparison.scores import Score
from synthda.adapt.selection import RULES
from synthda.adapt.train import Pace
from synthda.manifest import write_json

TABLE = "selection"


def plan_of(protocol: Protocol) -> Plan:
    """The protocol's table as a plan of `synthda compare`."""
    told = protocol.table(TABLE)
    return Plan(
        pairs=tuple(_pair(protocol, name) for name in told["pairs"]),
        entries=tuple(Entry(method, method) for method in told["methods"]),
        seeds=tuple(told["seeds"]),
        network=told["network"],
        steps=told["steps"],
        size=told["size"],
        given={name: str(value) for name, value in told.get("set", {}).items()},
        rules=tuple(RULES),
        candidates=told["candidates"],
    )


def _pair(protocol: Protocol, name: str) -> Pair:
    told = protocol.told["pairs"][name]
    source, target, evaluation = (_spec(protocol, told[part]) for part in ("source", "target", "eval"))
    return Pair(name, (source,), target, evaluation)


def _spec(protocol: Protocol, spec: str) -> str:
    return str(protocol.data / spec) if spec.startswith("rendered/") else spec


def main() -> None:
    arguments = arguments_of(__doc__).parse_args()
    protocol = Protocol(arguments.data, arguments.runs)
    comparison = Comparison(plan_of(protocol), arguments.runs / TABLE, data_root=arguments.data)

    def told(score: Score) -> None:
        print(score.pair, score.method, score.seed, score.accuracy, score.failure or "", flush=True)
        scores = [asdict(each) for each in comparison.scores]
        write_json(
            RESULTS / f"{TABLE}.json",
            {"table": TABLE, "protocol": protocol.fingerprint_of(TABLE), "cells": scores, "machine": machine()},
        )

    comparison.run(device="cpu", pace=lambda cell: Pace(log_every=500), told=told)


if __name__ == "__main__":
    main()
