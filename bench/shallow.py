"""Shallow adaptation of public feature vectors by `bench/shallow.toml`: every cell is kept, so that it resumes.

python -m bench.shallow amazon --data DATA --scratch SCRATCH
python -m bench.shallow office --data DATA --scratch SCRATCH
python -m bench.shallow amazon --scratch SCRATCH --collect

DATA holds amazon_reviews/*.svmlight and office_caltech10_surf/*.mat; SCRATCH gets the finished cells and 3 GB of mSDA
representations. `--collect` writes what is finished into bench/results/shallow.json.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.machine import machine
from bench.paths import RESULTS
from synthda.adapt.shallow.experiment import ShallowPlan, score
from synthda.adapt.shallow.features import prepared
from synthda.adapt.shallow.msda import MSDA
from synthda.adapt.shallow.normalise import normalised
from synthda.adapt.shallow.reverse_validation import Problem, select
from synthda.datasets.feature_files import FeatureTable, read_features
from synthda.manifest import fingerprint, provenance, sha256_of, write_json, written_then_named

PROTOCOL = Path(__file__).with_name("shallow.toml")
RESULT = RESULTS / "shallow.json"
Cell = dict[str, Any]


class Table:
    """One table of the protocol: its cells, each measured at most once."""

    name = ""

    def __init__(self, data: Path | None, scratch: Path) -> None:
        self.protocol = tomllib.loads(PROTOCOL.read_text(encoding="utf-8"))[self.name]
        self.data, self.scratch = data, scratch

    @property
    def fingerprint(self) -> str:
        return fingerprint({key: value for key, value in self.protocol.items() if key not in ("title", "published")})

    def keys(self) -> Iterator[str]:
        """Names of the cells, in the order of their worth."""
        raise NotImplementedError

    def measure(self, key: str) -> Cell:
        """Train and score one cell."""
        raise NotImplementedError

    def path(self, key: str) -> Path:
        return self.scratch / "cells" / f"{self.name}-{self.fingerprint[:8]}" / f"{key}.json"

    def finished(self, key: str) -> Cell | None:
        """A cell that this machine has measured, or the committed file, by the protocol as it is now."""
        if self.path(key).exists():
            return dict(json.loads(self.path(key).read_text(encoding="utf-8")))
        found = json.loads(RESULT.read_text(encoding="utf-8")).get(self.name, {}) if RESULT.exists() else {}
        cell = found.get("cells", {}).get(key) if found.get("protocol") == self.fingerprint else None
        return dict(cell) if cell else None

    def run(self) -> None:
        for key in self.keys():
            if self.finished(key) is None:
                cell = self.measure(key) | {"commit": provenance()["commit"]}
                write_json(self.path(key), cell)
                print(self.name, key, json.dumps(cell), flush=True)

    def collect(self) -> Cell:
        cells = {key: self.finished(key) for key in self.keys()}
        done = {key: cell for key, cell in cells.items() if cell}
        return {"protocol": self.fingerprint, "cells": done, "missing": len(cells) - len(done), "machine": machine()}


class Amazon(Table):
    """2,000 labelled reviews of the source, 2,000 unlabelled of the target; the target's test file tells the score."""

    name = "amazon"

    def keys(self) -> Iterator[str]:
        # Both directions of a pair share their representations: one after the other.
        for features in ("msda", "raw"):
            for one, other in itertools.combinations(self.protocol["domains"], 2):
                for source, target in ((one, other), (other, one)):
                    for method in self.protocol["features"][features]:
                        yield f"{features}/{source}-{target}/{method}"

    def measure(self, key: str) -> Cell:
        features, pair, method = key.split("/")
        source, target = pair.split("-")
        rows_s, rows_t, rows_e = self._rows(features, source, target)
        told = self.protocol["features"][features][method]
        plan = ShallowPlan.of(method, given=told["set"], grid=told["grid"])
        labels = self.tables[source, "train"].required_labels()
        chosen = select(plan.build, Problem(rows_s, labels, rows_t), plan.grid, seed=self.protocol["seed"])
        fitted = plan.build(chosen.settings).fit(rows_s, labels, rows_t)
        found = score(fitted, rows_e, self.tables[target, "test"].required_labels())
        risks = [[*settings.values(), round(risk, 4)] for settings, risk in chosen.risks]
        return {"accuracy": found.accuracy, "interval": found.interval, "n": found.n} | {
            "chosen": chosen.settings,
            "risks": risks,
        }

    @cached_property
    def tables(self) -> dict[tuple[str, str], FeatureTable]:
        assert self.data is not None
        parts = [(domain, part) for domain in self.protocol["domains"] for part in ("train", "test")]
        paths = [self.data / "amazon_reviews" / f"{domain}_{part}.svmlight" for domain, part in parts]
        found = dict(zip(parts, read_features(paths), strict=True))
        assert all(table.features.shape[1] == self.protocol["width"] for table in found.values())
        return found

    def _rows(self, features: str, source: str, target: str) -> tuple[Any, Any, Any]:
        """Rows that train of both domains, and those of the target that evaluate."""
        if features == "raw":
            parts = [(source, "train"), (target, "train"), (target, "test")]
            rows = normalised(self.protocol["normalise"], *(self.tables[part].features for part in parts))
            return rows[0], rows[1], rows[2]
        one, other = sorted((source, target))
        with np.load(self._represented(one, other), allow_pickle=False) as found:
            half = len(self.tables[one, "train"])
            trained = {one: found["train"][:half], other: found["train"][half:]}
            return trained[source], trained[target], found[target]

    def _represented(self, one: str, other: str) -> Path:
        """The file of mSDA representations of two domains, learnt from the rows that train of both, without labels."""
        parts = [(one, "train"), (other, "train"), (one, "test"), (other, "test")]
        msda = {name: str(value) for name, value in vars(MSDA()).items()}
        read = {"msda": msda, "files": [sha256_of(self.tables[part].path) for part in parts]}
        made_of = fingerprint(read | {"normalise": self.protocol["normalise"]})
        path = self.scratch / "msda" / f"{one}-{other}-{made_of[:8]}.npz"
        if not path.exists():
            rows = [self.tables[part].features for part in parts]
            made = prepared(*rows, normalise=self.protocol["normalise"], msda=MSDA())
            with written_then_named(path) as partial, partial.open("wb") as file:
                np.savez(file, train=np.concatenate(made[:2]), **{one: made[2], other: made[3]})
        return path


class Office(Table):
    """Some images a class of the source, drawn 20 times; all of the target adapt, unlabelled, and tell the score."""

    name = "office"

    def keys(self) -> Iterator[str]:
        for draw in range(self.protocol["draws"]):
            for source, target in itertools.permutations(self.protocol["domains"], 2):
                yield f"{source}-{target}/{draw}"

    def measure(self, key: str) -> Cell:
        pair, draw = key.split("/")
        source, target = pair.split("-")
        rows_s, rows_t = self._rows(source, target)
        labels = self.tables[source].required_labels()
        chosen = self._drawn(source, labels, int(draw))
        problem = Problem(rows_s[chosen], labels[chosen], rows_t)
        accuracies = {}
        for name, told in self.protocol["methods"].items():
            plan = ShallowPlan.of(told["method"], given=told["set"], grid=told.get("grid", ()))
            settings = select(plan.build, problem, plan.grid).settings if plan.grid else {}
            fitted = plan.build(settings).fit(problem.source, problem.labels, problem.target)
            accuracies[name] = score(fitted, rows_t, self.tables[target].required_labels()).accuracy
        return {"accuracy": {name: round(accuracy, 4) for name, accuracy in accuracies.items()}, "n": len(rows_t)}

    @cached_property
    def tables(self) -> dict[str, FeatureTable]:
        assert self.data is not None
        domains = self.protocol["domains"]
        paths = [self.data / "office_caltech10_surf" / f"{domain}_SURF_L10.mat" for domain in domains]
        return dict(zip(domains, read_features(paths), strict=True))

    def _rows(self, source: str, target: str) -> tuple[Any, Any]:
        """All rows of both, each domain by its own means and deviations, as in Gong et al. 2012."""
        pair = (self.tables[domain].features for domain in (source, target))
        rows_s, rows_t = normalised(self.protocol["normalise"], *pair)
        return rows_s, rows_t

    def _drawn(self, source: str, labels: NDArray[Any], draw: int) -> NDArray[np.int64]:
        rng = np.random.default_rng([draw, self.protocol["domains"].index(source)])
        count = self.protocol["per_class"][source]
        rows = [rng.permutation(np.flatnonzero(labels == label))[:count] for label in np.unique(labels)]
        return np.concatenate(rows)


TABLES: dict[str, type[Table]] = {"amazon": Amazon, "office": Office}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--data", type=Path, default=os.environ.get("SYNTHDA_DATA"))
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--collect", action="store_true", help="write what is finished into the result file")
    arguments = parser.parse_args()
    table = TABLES[arguments.table](arguments.data, arguments.scratch)
    if not arguments.collect:
        table.run()
        return
    found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    write_json(RESULT, found | {arguments.table: table.collect()})


if __name__ == "__main__":
    main()
