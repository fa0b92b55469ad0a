"""How well photographs of products that are no class are told, in grocery stores: classes removed from the renderings.

python -m bench.grocery_unknown --data DATA --runs RUNS
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.cells import Cell, Protocol
from bench.grocery import PAIR, asked, begun
from bench.grocery import TABLE as PRODUCTS
from bench.kept import Kept
from synthda.adapt.adaptation import adapt
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.data import Data
from synthda.adapt.evaluate import Evaluation
from synthda.adapt.results import score
from synthda.adapt.run import Run
from synthda.adapt.selection import Selection
from synthda.adapt.train import Pace
from synthda.adapt.trained import load_run
from synthda.datasets.domain import UNKNOWN, ArrayImages, Domain, in_memory
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


def foreign(known: Domain, others: Domain) -> Domain:
    """Photographs of known classes, and others that are `unknown`."""
    images = np.concatenate([in_memory(part.images) for part in (known, others)])
    labels = np.concatenate([known.labels, np.full(len(others), len(known.classes))])
    return Domain(ArrayImages(images), labels, (*known.classes, UNKNOWN), name="with backgrounds")


def trained(protocol: Protocol, method: str, seed: int) -> tuple[Blueprint, Run]:
    """Trained on the renderings of the classes that are left, with `unknown` calibrated; a finished run is kept."""
    told, pair = protocol.told["products"]["unknown"], protocol.told["pairs"][PAIR]
    source, target = protocol.open(PRODUCTS, pair["source"], labelled=True), protocol.open(PRODUCTS, pair["target"])
    left = without(source, removed(source.classes, told["every"]))
    plan = protocol.blueprint_of(Cell(PRODUCTS, PAIR, method, seed), left.classes)
    plan = replace(plan, classes=(*left.classes, UNKNOWN), calibrates_unknown=True)
    run = Run(protocol.runs / TABLE / f"{method}-seed{seed}")
    data = Data(sources=(left,), target=target.unlabelled(), target_name=target.name)
    select = Selection(hold_out=told["hold_out"])
    adapt(plan, data, run, export=False, select=select, pace=Pace(log_every=100, on_log=print))
    return plan, run


def scores(plan: Blueprint, run: Run, photographs: Domain, backgrounds: Domain) -> dict[str, Any]:
    _, method = load_run(run)
    in_store = score(method, photographs, plan.classes)
    known = without(photographs, set(photographs.classes) - set(plan.classes))
    beside = score(method, foreign(known, backgrounds), plan.classes)
    return {
        "known": len(known),
        "unknown": len(photographs) - len(known),
        "backgrounds": len(backgrounds),
        "auroc": in_store.unknown_auroc,
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
    protocol, photographs, seeds = begun(asked(__doc__).parse_args(), PRODUCTS)
    told, side = protocol.told["products"]["unknown"], protocol.table(PRODUCTS)["size"]
    backgrounds = open_folder(protocol.data / "BSDS500" / "data" / "images" / "test", size=(side, side))
    changing = {"products": protocol.fingerprint_of(PRODUCTS), "every": told["every"], "hold_out": told["hold_out"]}
    kept = Kept(TABLE, fingerprint(changing))
    for seed in seeds:
        for method in told["methods"]:
            if not kept.has(method, seed):
                kept.add(method, seed, scores(*trained(protocol, method, seed), photographs, backgrounds))


if __name__ == "__main__":
    main()
