"""The time of a comparison's trainings: every run once, what is finished not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy import blueprint

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.comparison.cells import Cell
from synthda.adapt.comparison.duration import seconds_to_train
from synthda.adapt.run import Run


def cell(folder: Path, method: str, seed: int, first: Run | None = None) -> Cell:
    plan = blueprint(method, steps=2, seed=seed)
    return Cell("toy", method, seed, plan, Run(folder / f"{method}-{seed}"), first, f"{method} {seed}")


def test_each_run_counts_once_with_what_it_starts_from_and_its_kind_is_timed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: list[str] = []

    def timing(plan: Blueprint, device: str) -> float:
        timed.append(plan.method)
        return 10.0

    monkeypatch.setattr("synthda.adapt.comparison.duration.seconds_per_step", timing)
    cells = []
    for seed in (0, 1):
        floor = cell(tmp_path, "source-only", seed)
        triplet = Run(tmp_path / f"triplet-{seed}")
        cells += [floor, cell(tmp_path, "iw-dann", seed, floor.run), cell(tmp_path, "m-adda", seed, triplet)]
    cells[0].run.folder.mkdir()
    cells[0].run.manifest.write_text("{}", encoding="utf-8")
    assert cells[0].run.finished
    # Two steps each: iw-dann, m-adda and its triplet twice, source-only once.
    assert seconds_to_train(cells) == 2 * 10 * (2 * 3 + 1)
    assert sorted(timed) == ["iw-dann", "m-adda", "source-only", "triplet"]
