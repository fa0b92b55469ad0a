"""The cells of the committed protocol: which run each is, what it trains on, and what scores it."""

from __future__ import annotations

import argparse
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.paths import PROTOCOL
from bench.restrictions import restriction, with_ablations
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.configuration import first_blueprint
from synthda.adapt.data import FLOOR, ORACLE, Data
from synthda.adapt.run import Run
from synthda.datasets.domain import Domain
from synthda.datasets.shards import MANIFEST
from synthda.datasets.specs import open_domain
from synthda.manifest import fingerprint
from synthda.synth.build import build_renderer
from synthda.synth.generate import generate

BASELINES = (FLOOR, ORACLE)
METHODS = ("dann", *BASELINES)
"""Of a table that names none."""
PROSE = ("title", "note")
GROWING = ("methods", "seeds")
"""What a table may be given more of without its finished cells being another protocol's."""


@dataclass(frozen=True)
class Cell:
    """One training run and the labelled data that it is scored on; `method` may be a variant of the protocol."""

    table: str
    pair: str
    method: str
    seed: int


class Protocol:
    """The protocol, the folder of public data and rendered domains, and the folder of runs."""

    def __init__(self, data: Path, runs: Path) -> None:
        self.told = with_ablations(tomllib.loads(PROTOCOL.read_text(encoding="utf-8")))
        self.data, self.runs = data, runs

    def table(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = {"methods": METHODS} | self.told["tables"][name]
        return found

    def cells(self, table: str) -> Iterator[Cell]:
        """Cells in order of value: one seed of everything first."""
        chosen = self.table(table)
        for seed in chosen["seeds"]:
            for method in chosen["methods"]:
                for pair in chosen["pairs"]:
                    yield Cell(table, pair, method, seed)

    def open(self, table: str, spec: str, labelled: bool | None = None) -> Domain:
        """A domain of the protocol at the table's image size; renders it first where it is missing."""
        size = self.table(table)["size"]
        kind, _, name = spec.partition("/")
        if kind == "rendered":
            return open_domain(str(self._rendered(name)), size=(size, size), labelled=labelled)
        name, _, part = spec.partition("@")
        path = self.data / name
        domain = open_domain(str(path) if path.exists() else name, size=(size, size), data_root=self.data)
        return _part(domain, part, PROTOCOL.parent / self.told["splits"][name]) if part else domain

    def held_out(self, table: str, source: str) -> Domain:
        """Images like those of a source that no training has seen: of another seed, or the part that is named."""
        size, told = self.table(table)["size"], self.told["held_out"]
        kind, _, name = source.partition("/")
        if kind != "rendered":
            return self.open(table, told[source], labelled=True)
        folder = self._rendered(name, f"{name}-held-out", **told[kind])
        return open_domain(str(folder), size=(size, size), labelled=True)

    def render(self, table: str) -> None:
        """Render the domains of a table that are missing."""
        for pair in (self.told["pairs"][name] for name in self.table(table)["pairs"]):
            for kind, _, name in (spec.partition("/") for spec in (*_sources(pair), pair["target"], pair["eval"])):
                if kind == "rendered":
                    self._rendered(name)

    def data_of(self, cell: Cell) -> Data:
        pair = self.told["pairs"][cell.pair]
        target = self.open(cell.table, pair["target"])
        target = equal_shares(target) if pair.get("target_shares") == "equal" else target
        sources = tuple(self.open(cell.table, source, labelled=True) for source in _sources(pair))
        return Data(
            sources=(*sources, target) if self._oracle_has_source(cell) else sources,
            target=target.unlabelled(),
            labelled_target=spread(target, pair["labelled"]) if "labelled" in pair else None,
            oracle=target,
            target_name=target.name,
        )

    def run_of(self, cell: Cell) -> Run:
        """Runs that read no target are shared by the pairs that have one source."""
        told = self.told["pairs"][cell.pair]
        learnt = {"source": told["source"]} | {
            name: told[name] for name in ("labelled", "target") if "labelled" in told
        }
        no_target = self.variant(cell.method)["method"] == FLOOR
        pair = fingerprint(learnt)[:8] if no_target else cell.pair
        return Run(self.runs / cell.table / f"{cell.method}-{pair}-seed{cell.seed}")

    def first_of(self, cell: Cell, blueprint: Blueprint) -> Run | None:
        """The run that a method starts from, where that is another cell's."""
        first = first_blueprint(blueprint, blueprint.build())
        others = [replace(cell, method=method) for method in self.table(cell.table)["methods"]]
        shared = (other for other in others if self.blueprint_of(other, blueprint.classes) == first)
        return next((self.run_of(other) for other in shared), None)

    def blueprint_of(self, cell: Cell, classes: tuple[str, ...]) -> Blueprint:
        table, variant = self.table(cell.table), self.variant(cell.method)
        # An oracle on source and target is source-only training with one more source.
        method = FLOOR if self._oracle_has_source(cell) else variant["method"]
        return Blueprint.of(
            method,
            table["network"],
            classes,
            given=self._texts(table.get("set", {}) | variant["set"]),
            input_size=(table["size"], table["size"]),
            seed=cell.seed,
            steps=variant.get("steps", table["baseline_steps" if variant["method"] in BASELINES else "steps"]),
        )

    def variant(self, name: str) -> dict[str, Any]:
        """The method that a name of a table's `methods` stands for, its settings, and steps other than the table's."""
        found: dict[str, Any] = {"method": name, "set": {}} | self.told["variants"].get(name, {})
        return found

    def fingerprint_of(self, table: str) -> str:
        """Of all that the protocol says of a table's cells and of what is rendered for them, but for the prose."""
        chosen = self.told["tables"][table]
        pairs = [self.told["pairs"][pair] for pair in chosen["pairs"]]
        opened = [spec for pair in pairs for spec in (*_sources(pair), pair["target"], pair["eval"])]
        names = {spec.partition("/")[2] for spec in opened}
        rendered = {name: self._recipe(name) for name in sorted(names & self.told["rendered"].keys())}
        bare = [_without(pair, *PROSE) for pair in pairs]
        return fingerprint({"table": _without(chosen, *PROSE, *GROWING), "pairs": bare, "rendered": rendered})

    def _oracle_has_source(self, cell: Cell) -> bool:
        return (cell.method, self.told["pairs"][cell.pair].get("oracle")) == (ORACLE, "source+target")

    def _rendered(self, name: str, folder_name: str = "", **changes: Any) -> Path:
        folder = self.data / "rendered" / (folder_name or name)
        if (folder / MANIFEST).exists():
            return folder
        recipe = self._recipe(name) | changes
        given = self._texts(recipe["set"])
        renderer = build_renderer(recipe["renderer"], given)
        how = {"count": recipe["count"], "seed": recipe.get("seed", 0), "workers": os.cpu_count() or 1}
        generate(renderer, folder, name=recipe["renderer"], **how)
        return folder

    def _texts(self, settings: dict[str, Any]) -> dict[str, str]:
        """Settings as texts; paths among them are below `{data}`."""
        return {name: str(value).format(data=self.data) for name, value in settings.items()}

    def _recipe(self, name: str) -> dict[str, Any]:
        """How a domain is rendered, with the settings of its restriction in full."""
        recipe: dict[str, Any] = self.told["rendered"][name]
        given = {key: str(value) for key, value in recipe.get("set", {}).items()}
        if "restriction" in recipe:
            given |= restriction(recipe["renderer"], recipe["restriction"])
        return recipe | {"set": given}


def _sources(pair: dict[str, Any]) -> list[str]:
    """One source, or a list of several."""
    return pair["source"] if isinstance(pair["source"], list) else [pair["source"]]


def arguments_of(description: str | None) -> argparse.ArgumentParser:
    """The arguments of every script that reads the protocol's runs: where the data lies, and where the runs do."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("SYNTHDA_DATA"))
    parser.add_argument("--runs", type=Path, default=Path("runs/bench"))
    return parser


def spread(domain: Domain, per_class: int) -> Domain:
    """So many photographs of each class, from as many tracks as there are: of each track the middle frame first."""
    assert domain.paths is not None
    chosen: list[int] = []
    for label in np.unique(domain.labels):
        tracks: dict[str, list[int]] = {}
        for row in np.flatnonzero(domain.labels == label).tolist():
            tracks.setdefault(_track(domain.paths[row]), []).append(row)
        by_turns = zip_longest(
            *(sorted(rows, key=lambda row: abs(row - rows[len(rows) // 2])) for rows in tracks.values())
        )
        chosen += [row for turn in by_turns for row in turn if row is not None][:per_class]
    return domain.rows(np.array(sorted(chosen), dtype=np.int64))


def equal_shares(domain: Domain) -> Domain:
    """As many photographs of each class as there are of the rarest, evenly over their order; it looks at labels."""
    counts = np.bincount(domain.labels)
    rows = [np.flatnonzero(domain.labels == label) for label in np.flatnonzero(counts)]
    fewest = min(len(own) for own in rows)
    return domain.rows(np.sort(np.concatenate([own[np.arange(fewest) * len(own) // fewest] for own in rows])))


def tracks_of(domain: Domain) -> NDArray[np.int64] | None:
    """Of photographs in tracks, the track of each: they are drawn together in the bootstrap."""
    if not domain.name.startswith("gtsrb"):
        return None
    assert domain.paths is not None
    return np.unique([_track(path) for path in domain.paths], return_inverse=True)[1]


def _without(entry: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in names}


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
