"""Recall, precision and confusions, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_runs import finished

from synthda.adapt.report.content import Content
from synthda.manifest import write_json


def test_the_row_of_a_class_is_what_its_confusions_say(tmp_path: Path) -> None:
    #            predicted: apple pear plum
    confusion = [[6, 3, 1], [2, 8, 0], [0, 0, 0]]
    scored = {"accuracy": 0.7, "interval": [0.5, 0.9], "n": 20, "confusion": confusion, "recall": {}}
    run = finished(tmp_path, stored=False, evaluation=scored)
    apple, pear, plum = Content.of(run).class_rows()
    assert (apple.n, apple.recall, apple.precision, apple.taken_for) == (10, 0.6, 0.75, "pear (3)")
    assert (pear.n, pear.recall, pear.taken_for) == (10, 0.8, "apple (2)")
    assert pear.precision == pytest.approx(8 / 11)
    assert (plum.n, plum.recall, plum.precision, plum.taken_for) == (0, None, 0.0, "")


def test_the_most_frequent_confusions_come_first(tmp_path: Path) -> None:
    confusion = [[6, 3, 1], [4, 8, 0], [0, 0, 0]]
    scored = {"accuracy": 0.7, "interval": [0.5, 0.9], "n": 22, "confusion": confusion, "recall": {}}
    run = finished(tmp_path, stored=False, evaluation=scored)
    assert Content.of(run).confusions() == [
        ("pear", "apple", 4, 12),
        ("apple", "pear", 3, 10),
        ("apple", "plum", 1, 10),
    ]


def test_what_was_kept_for_another_run_is_not_shown(tmp_path: Path) -> None:
    run = finished(tmp_path)
    text = run.manifest.read_text(encoding="utf-8").replace("dann-0", "dann-1")
    run.manifest.write_text(text, encoding="utf-8")
    content = Content.of(run)
    assert content.stored is None
    assert "belongs to another run" in content.gaps[0]


def test_source_only_comes_first_and_the_oracle_last(tmp_path: Path) -> None:
    run = finished(tmp_path, stored=False)
    for method in ("train-on-target", "source-only"):
        finished(run.baseline(method).folder, stored=False, method=method)
    assert [row.name for row in Content.of(run).results_in_order()] == ["source-only", "dann", "train-on-target"]


def test_an_unfinished_baseline_has_no_bar(tmp_path: Path) -> None:
    run = finished(tmp_path, stored=False)
    floor = finished(run.baseline("source-only").folder, stored=False, method="source-only")
    floor.manifest.rename(floor.partial_manifest)
    assert [row.name for row in Content.of(run).results_in_order()] == ["dann"]


def test_the_step_is_that_of_the_deployed_checkpoint(tmp_path: Path) -> None:
    choice = {"rule": "snd", "step": 100, "candidates": []}
    assert Content.of(finished(tmp_path / "chosen", stored=False, selection=choice)).step == 100
    last = finished(tmp_path / "last", stored=False, steps=250)
    assert Content.of(last).step == 250
    last.manifest.rename(last.partial_manifest)
    unfinished = last.read()
    write_json(last.partial_manifest, {name: unfinished[name] for name in unfinished if name != "results"})
    assert Content.of(last).step == 300, "that of the log's last line"
