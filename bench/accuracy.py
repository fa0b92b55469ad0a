"""Accuracy by the committed protocol: every cell a run that resumes; `--collect` writes the result file of a table.

python -m bench.accuracy mnist-m-ganin --data DATA --runs RUNS
python -m bench.accuracy mnist-m-ganin --data DATA --runs RUNS --collect
"""

from __future__ import annotations

import argparse
import json
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.machine import machine
from bench.paths import RESULTS
from bench.restrictions import restriction, with_ablations
from synthda.adapt.adaptation import adapt, load_run, score
from synthda.adapt.baselines import feature_distance
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.data import FLOOR, ORACLE, Data
from synthda.adapt.evaluate import gap_closed
from synthda.adapt.run import Run
from synthda.adapt.train import Pace
from synthda.datasets.domain import Domain
from synthda.datasets.shards import MANIFEST
from synthda.datasets.specs import open_domain
from synthda.manifest import fingerprint, write_json
from synthda.synth.build import build_renderer
from synthda.synth.generate import generate

PROTOCOL = Path(__file__).with_name("protocol.toml")
METHODS = (FLOOR, "dann", ORACLE)


@dataclass(frozen=True)
class Cell:
    """One training run and the labelled data that it is scored on."""

    table: str
    pair: str
    method: str
    seed: int


class Bench:
    """The protocol, the folder of public data and rendered domains, and the folder of runs."""

    def __init__(self, data: Path, runs: Path) -> None:
        self.protocol = with_ablations(tomllib.loads(PROTOCOL.read_text(encoding="utf-8")))
        self.data, self.runs = data, runs

    def cells(self, table: str) -> Iterator[Cell]:
        """Cells in order of value: one seed of everything first."""
        chosen = self.protocol["tables"][table]
        for seed in chosen["seeds"]:
            for method in chosen.get("methods", ("dann", FLOOR, ORACLE)):
                for pair in chosen["pairs"]:
                    yield Cell(table, pair, method, seed)

    def open(self, table: str, spec: str, labelled: bool | None = None) -> Domain:
        """A domain of the protocol at the table's image size; renders it first where it is missing."""
        size = self.protocol["tables"][table]["size"]
        kind, _, name = spec.partition("/")
        if kind == "rendered":
            return open_domain(str(self._rendered(name)), size=(size, size), labelled=labelled)
        name, _, part = spec.partition("@")
        path = self.data / name
        domain = open_domain(str(path) if path.exists() else name, size=(size, size), data_root=self.data)
        return _part(domain, part, PROTOCOL.parent / self.protocol["splits"][name]) if part else domain

    def _rendered(self, name: str) -> Path:
        folder = self.data / "rendered" / name
        if (folder / MANIFEST).exists():
            return folder
        recipe = self._recipe(name)
        given = {key: value.format(data=self.data) for key, value in recipe["set"].items()}
        renderer = build_renderer(recipe["renderer"], given)
        generate(renderer, folder, name=recipe["renderer"], count=recipe["count"], seed=recipe.get("seed", 0))
        return folder

    def _recipe(self, name: str) -> dict[str, Any]:
        """How a domain is rendered, with the settings of its restriction in full."""
        recipe: dict[str, Any] = self.protocol["rendered"][name]
        given = {key: str(value) for key, value in recipe.get("set", {}).items()}
        if "restriction" in recipe:
            given |= restriction(recipe["renderer"], recipe["restriction"])
        return recipe | {"set": given}

    def data_of(self, cell: Cell) -> Data:
        pair = self.protocol["pairs"][cell.pair]
        target = self.open(cell.table, pair["target"])
        source = self.open(cell.table, pair["source"], labelled=True)
        oracle = pair.get("oracle", "target")
        return Data(
            sources=(source, target) if (cell.method, oracle) == (ORACLE, "source+target") else (source,),
            target=target.unlabelled(),
            labelled_target=target,
            target_name=target.name,
        )

    def run_of(self, cell: Cell) -> Run:
        """Source-only runs read no target, so that pairs with one source share them."""
        source = self.protocol["pairs"][cell.pair]["source"]
        pair = fingerprint({"source": source})[:8] if cell.method == FLOOR else cell.pair
        return Run(self.runs / cell.table / f"{cell.method}-{pair}-seed{cell.seed}")

    def train(self, cell: Cell) -> None:
        run = self.run_of(cell)
        if run.finished or self.measured(cell):
            return
        data = self.data_of(cell)
        blueprint = self.blueprint_of(cell, data.sources[0].classes)
        print(f"{cell.table} {cell.pair} {cell.method} seed {cell.seed}", flush=True)
        adapt(
            blueprint, data, run, export=False, pace=Pace(log_every=500, on_log=lambda entry: print(entry, flush=True))
        )

    def blueprint_of(self, cell: Cell, classes: tuple[str, ...]) -> Blueprint:
        table, pair = self.protocol["tables"][cell.table], self.protocol["pairs"][cell.pair]
        # An oracle on source and target is source-only training with one more source.
        with_source = (cell.method, pair.get("oracle")) == (ORACLE, "source+target")
        return Blueprint.of(
            FLOOR if with_source else cell.method,
            table["network"],
            classes,
            given={name: str(value) for name, value in table.get("set", {}).items()},
            input_size=(table["size"], table["size"]),
            seed=cell.seed,
            steps=table["steps" if cell.method == "dann" else "baseline_steps"],
        )

    def measured(self, cell: Cell) -> dict[str, Any] | None:
        """What the committed result file has of this cell, when it was measured by the protocol as it is now."""
        path = RESULTS / f"{cell.table}.json"
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"rows": []}
        if found.get("protocol") != self.protocol_of(cell.table):
            return None
        cells = (
            scored
            for row in found["rows"]
            if row["pair"] == cell.pair
            for scored in row["methods"][cell.method]["seeds"]
            if scored["seed"] == cell.seed
        )
        return next(cells, None)

    def protocol_of(self, table: str) -> str:
        """A fingerprint of all that the protocol says of a table and of what is rendered for it, but for the prose."""
        chosen = self.protocol["tables"][table]
        pairs = [self.protocol["pairs"][pair] for pair in chosen["pairs"]]
        names = {pair[part].partition("/")[2] for pair in pairs for part in ("source", "target", "eval")}
        rendered = {name: self._recipe(name) for name in sorted(names & self.protocol["rendered"].keys())}
        return fingerprint({"table": _bare(chosen), "pairs": [_bare(pair) for pair in pairs], "rendered": rendered})

    def score(self, cell: Cell) -> dict[str, Any]:
        run = self.run_of(cell)
        blueprint, method = load_run(run)
        assert blueprint == self.blueprint_of(cell, blueprint.classes), f"{run.folder} is of another protocol"
        evaluation = self.open(cell.table, self.protocol["pairs"][cell.pair]["eval"])
        scored = score(method, evaluation, blueprint.classes, groups=_tracks(evaluation))
        data = self.data_of(cell)
        distance = feature_distance(method, data)
        return {
            "seed": cell.seed,
            "accuracy": scored.accuracy,
            "interval": scored.interval,
            "n": scored.n,
            "mean_recall": scored.mean_recall,
            "proxy_a_distance": distance,
            "commit": run.read()["provenance"]["commit"],
        }

    def collect(self, table: str) -> dict[str, Any]:
        """Every finished cell, scored; unfinished ones are listed as not measured."""
        chosen = self.protocol["tables"][table]
        rows = []
        for pair in chosen["pairs"]:
            methods: dict[str, Any] = {}
            for method in METHODS:
                cells = [Cell(table, pair, method, seed) for seed in chosen["seeds"]]
                found = [self.measured(cell) or self._score_if_finished(cell) for cell in cells]
                done = [scored for scored in found if scored]
                methods[method] = {"seeds": done, "missing": len(cells) - len(done)} | _summary(done)
            means = [methods[method].get("mean") for method in METHODS]
            closed = gap_closed(*means) if None not in means else None
            rows.append({"pair": pair, **self.protocol["pairs"][pair], "methods": methods, "gap_closed": closed})
        return {
            "table": table,
            **chosen,
            "checkpoint": "last",
            "protocol": self.protocol_of(table),
            "rows": rows,
            "machine": machine(),
        }

    def _score_if_finished(self, cell: Cell) -> dict[str, Any] | None:
        return self.score(cell) if self.run_of(cell).finished else None


def _bare(entry: dict[str, Any]) -> dict[str, Any]:
    """Without what is only said of it."""
    return {name: value for name, value in entry.items() if name not in ("title", "note")}


def _summary(done: list[dict[str, Any]]) -> dict[str, float]:
    accuracies = [cell["accuracy"] for cell in done]
    return {"mean": float(np.mean(accuracies)), "std": float(np.std(accuracies))} if accuracies else {}


def _part(domain: Domain, part: str, split: Path) -> Domain:
    """`@adapt` or `@eval` of photographs: the committed list names the files, or the whole tracks, that evaluate."""
    names = set(split.read_text(encoding="utf-8").split())
    assert domain.paths is not None
    own = [path if path in names else _track(path) for path in domain.paths]
    held_out = np.array([name in names for name in own])
    assert names == set(np.array(own)[held_out]), "the committed split does not fit the folder"
    return domain.rows(np.flatnonzero(held_out if part == "eval" else ~held_out))


def _track(path: str) -> str:
    """`00003/00012_00029.jpg` → `00003/00012`: the frames of a track show one sign."""
    return path.rpartition("_")[0]


def _tracks(domain: Domain) -> NDArray[np.int64] | None:
    """Of photographs in tracks, the track of each: they are drawn together in the bootstrap."""
    if not domain.name.startswith("gtsrb"):
        return None
    assert domain.paths is not None
    return np.unique([_track(path) for path in domain.paths], return_inverse=True)[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table")
    parser.add_argument("--data", type=Path, default=os.environ.get("SYNTHDA_DATA"))
    parser.add_argument("--runs", type=Path, default=Path("runs/bench"))
    parser.add_argument("--slice", default="0/1", help="i/n: every n-th cell, for n processes side by side")
    parser.add_argument("--collect", action="store_true", help="score what is finished and write the result file")
    arguments = parser.parse_args()
    bench = Bench(arguments.data, arguments.runs)
    if arguments.collect:
        write_json(RESULTS / f"{arguments.table}.json", bench.collect(arguments.table))
        return
    index, slices = (int(part) for part in arguments.slice.split("/"))
    seen: list[Path] = []
    for cell in bench.cells(arguments.table):
        folder = bench.run_of(cell).folder
        seen += [] if folder in seen else [folder]
        if seen.index(folder) % slices == index:
            bench.train(cell)


if __name__ == "__main__":
    main()
