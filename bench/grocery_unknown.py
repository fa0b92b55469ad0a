"""How well photographs of products that are no class are told, in grocery stores: classes removed from the renderings.

python -m bench.grocery_unknown --data DATA --runs RUNS
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.cells import Cell, Protocol
from bench.grocery import asked, begun
from bench.kept import Kept
from synthda.adapt.adaptation import adapt
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.data import Data
from synthda.adapt.evaluate import Evaluation, evaluate
from synthda.adapt.infer import probabilities
from synthda.adapt.run import Run
from synthda.adapt.selection import Selection
from synthda.adapt.train import Pace
from synthda.adapt.trained import load_run
from synthda.datasets.domain import UNKNOWN, Domain, labels_by_name
from synthda.datasets.folders import open_folder
from synthda.manifest import fingerprint

TABLE = "grocery-unknown"


def removed(classes: tuple[str, ...], every: int, most: int = 20) -> set[str]:
    """Every so many classes in order of name, the first `most` of them."""
    return set(sorted(classes)[::every][:most])


def without(domain: Domain, names: set[str]) -> Domain:
    """The domain without some of its classes."""
    kept = tuple(name for name in domain.classes if name not in names)
    table = np.array([kept.index(name) if name in kept else -1 for name in domain.classes])
    rows = np.flatnonzero(table[domain.labels] >= 0)
    some = domain.rows(rows)
    return replace(some, labels=table[some.labels], classes=kept)


def left_of(data: Data, every: int) -> Data:
    """The renderings, and the photographs that train the oracle, without the removed classes; the target keeps all."""
    assert data.oracle is not None
    gone = removed(data.classes, every)
    return replace(
        data, sources=tuple(without(source, gone) for source in data.sources), oracle=without(data.oracle, gone)
    )


def trained(protocol: Protocol, method: str, seed: int, device: str) -> tuple[Blueprint, Run]:
    """Trained on the renderings of the classes that are left, with `unknown` calibrated; a finished run is kept."""
    told = protocol.told["products"]["unknown"]
    cell = Cell(told["table"], protocol.table(told["table"])["pairs"][0], method, seed)
    data = left_of(protocol.data_of(cell), told["every"])
    plan = protocol.blueprint_of(cell, data.classes)
    plan = replace(plan, classes=(*plan.classes, UNKNOWN), calibrates_unknown=True)
    run = Run(protocol.runs / TABLE / f"{method}-seed{seed}")
    select = Selection(hold_out=told["hold_out"])
    adapt(plan, data, run, device=device, export=False, select=select, pace=Pace(log_every=100, on_log=print))
    return plan, run


def scores(plan: Blueprint, run: Run, photographs: Domain, backgrounds: Domain, device: str) -> dict[str, Any]:
    _, method = load_run(run)
    method.to(device)
    chances, labels = probabilities(method, photographs.images), labels_by_name(photographs, plan.classes)
    unknown = labels == len(plan.classes) - 1
    right = chances[:, :-1].argmax(axis=1) == labels
    in_store = evaluate(chances, labels, plan.classes)
    others = probabilities(method, backgrounds.images)
    beside = evaluate(
        np.concatenate([chances[~unknown], others]),
        np.concatenate([labels[~unknown], np.full(len(others), len(plan.classes) - 1)]),
        plan.classes,
    )
    among = unknown | right
    return {
        "known": int((~unknown).sum()),
        "unknown": int(unknown.sum()),
        "backgrounds": len(backgrounds),
        "accuracy_on_known": float(right[~unknown].mean()),
        "auroc": in_store.unknown_auroc,
        "auroc_beside_recognised": evaluate(chances[among], labels[among], plan.classes).unknown_auroc,
        "auroc_of_backgrounds": beside.unknown_auroc,
        "taken_for_unknown": {"known": _rejected(in_store, known=True), "unknown": _rejected(in_store, known=False)},
        "backgrounds_taken_for_unknown": _rejected(beside, known=False),
        "rejection": run.read()["results"]["rejection"],
    }


def _rejected(found: Evaluation, *, known: bool) -> float:
    """Share of the photographs of known classes, or of the others, that are taken for `unknown`."""
    confusion: NDArray[np.int64] = np.array(found.confusion)
    rows = confusion[:-1] if known else confusion[-1:]
    return float(rows[:, -1].sum() / rows.sum())


def main() -> None:
    arguments = asked(__doc__).parse_args()
    protocol, photographs, seeds = begun(arguments, "unknown")
    told = protocol.told["products"]["unknown"]
    side, products = protocol.table(told["table"])["size"], protocol.fingerprint_of(told["table"])
    backgrounds = open_folder(protocol.data / "BSDS500" / "data" / "images" / "test", size=(side, side))
    changing = {"products": products, "every": told["every"], "hold_out": told["hold_out"]}
    kept = Kept(TABLE, fingerprint(changing))
    for seed in seeds:
        for method in told["methods"]:
            if not kept.has(method, seed):
                plan, run = trained(protocol, method, seed, arguments.device)
                kept.add(method, seed, scores(plan, run, photographs, backgrounds, arguments.device))


if __name__ == "__main__":
    main()
