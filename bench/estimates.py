"""Whether accuracies that are estimated without labels rank methods as their labels do: of every finished cell, both.

python -m bench.estimates TABLE [TABLE …] --data DATA --runs RUNS

The estimate looks at images like the source's that no training has seen, as the protocol's `held_out` names them. Cells
that the result file has are left out; those whose run is gone stay in it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.accuracy import measured, scored
from bench.cells import Cell, Protocol, arguments_of
from bench.machine import machine
from bench.markdown import load
from bench.paths import RESULTS
from synthda.adapt.results import estimate_by
from synthda.adapt.selection.validation import Probe
from synthda.adapt.trained import load_run
from synthda.datasets.domain import labels_by_name
from synthda.manifest import write_json

NAME = "estimates"


def estimate(protocol: Protocol, cell: Cell) -> dict[str, Any]:
    """Of a finished cell, the accuracy by labels and its estimate without."""
    blueprint, method = load_run(protocol.run_of(cell))
    pair = protocol.told["pairs"][cell.pair]
    held_out = protocol.held_out(cell.table, pair["source"])
    held_out = replace(held_out, labels=labels_by_name(held_out, blueprint.classes), classes=blueprint.classes)
    target = protocol.open(cell.table, pair["target"]).unlabelled()
    found = estimate_by(method, Probe.of(target, held_out))
    by_labels = measured(protocol, cell) or scored(protocol, cell, "cpu")
    return {
        "table": cell.table,
        "pair": cell.pair,
        "method": cell.method,
        "seed": cell.seed,
        "accuracy": by_labels["accuracy"],
        "estimated": found["value"],
        "source_accuracy": found["source_accuracy"],
    }


def main() -> None:
    parser = arguments_of(__doc__)
    parser.add_argument("tables", nargs="+", metavar="TABLE")
    arguments = parser.parse_args()
    protocol = Protocol(arguments.data, arguments.runs)
    cells: list[dict[str, Any]] = (load(NAME) or {"cells": []})["cells"]
    for table in arguments.tables:
        for cell in protocol.cells(table):
            known = (cell.table, cell.pair, cell.method, cell.seed)
            if any(known == tuple(each[name] for name in ("table", "pair", "method", "seed")) for each in cells):
                continue
            if protocol.run_of(cell).finished:
                cells.append(estimate(protocol, cell))
                print(cells[-1], flush=True)
                write_json(RESULTS / f"{NAME}.json", {"cells": cells, "machine": machine()})


if __name__ == "__main__":
    main()
