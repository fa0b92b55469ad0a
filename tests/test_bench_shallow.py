"""The measurements of shallow methods: the protocol can be run, finished cells stay, gaps are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import shallow
from bench.shallow_tables import amazon_table
from synthda.adapt.shallow.experiment import ShallowPlan
from synthda.manifest import write_json


def test_every_entry_of_the_protocol_is_a_plan(tmp_path: Path) -> None:
    amazon, office = shallow.Amazon(None, tmp_path), shallow.Office(None, tmp_path)
    entries = [(name, told) for part in amazon.protocol["features"].values() for name, told in part.items()]
    entries += [(told["method"], told) for told in office.protocol["methods"].values()]
    for method, told in entries:
        plan = ShallowPlan.of(method, given=told["set"], grid=told.get("grid", ()))
        plan.build({name: values[0] for name, values in plan.grid.items()})
    assert len(set(amazon.keys())) == 12 * 2 * 3
    assert len(set(office.keys())) == 12 * 20


def test_a_finished_cell_is_not_measured_again_and_another_protocol_forgets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shallow, "RESULT", tmp_path / "none.json")
    table, measured = shallow.Office(None, tmp_path), []
    monkeypatch.setattr(table, "keys", lambda: iter(["a-b/0", "a-b/1"]))
    monkeypatch.setattr(table, "measure", lambda key: measured.append(key) or {"accuracy": {}, "n": 1})
    write_json(table.path("a-b/0"), {"accuracy": {}, "n": 1})
    table.run()
    assert measured == ["a-b/1"]
    assert table.collect()["missing"] == 0
    table.protocol["draws"] = 1
    assert table.collect()["missing"] == 2


def test_a_mean_is_given_only_where_all_pairs_are_measured() -> None:
    told = {
        "title": "t",
        "domains": ["a", "b"],
        "published": {part: {"dann": 0.7, "nn": 0.7, "svm": 0.7} for part in ("raw", "msda")},
    }
    cell = {"accuracy": 0.8, "interval": [0.7, 0.9], "n": 10, "commit": "c"}
    cells = {"raw/a-b/svm": cell, "raw/b-a/svm": cell | {"accuracy": 0.6}, "msda/a-b/dann": cell}
    machine = {"processor": "p", "cores": 1}
    page = amazon_table(told, {"cells": cells, "missing": 9, "machine": machine})
    (mean,) = (line for line in page.splitlines() if line.startswith("| mean |"))
    assert mean.startswith("| mean | | **0.7000** |")
    assert "not measured (1 of 2 pairs)" in mean
    assert "9 cells not measured" in page
