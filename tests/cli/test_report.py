"""`synthda report`: one run, several, none; and `synthda adapt` ends with a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from report_runs import finished


def test_a_run_gets_its_report(synthda: Any, tmp_path: Path) -> None:
    finished(tmp_path / "run", stored=False)
    done = synthda("report", "run")
    assert (done.code, done.out) == (0, f"{Path('run/report.html')} is written; open it in a browser.\n")
    assert (tmp_path / "run" / "report.html").exists()


def test_several_runs_are_compared(synthda: Any, tmp_path: Path) -> None:
    for name in ("a", "b"):
        finished(tmp_path / name, stored=False)
    assert synthda("report", "a", "b").code == 0
    assert "2 runs compared" in (tmp_path / "comparison.html").read_text(encoding="utf-8")
    assert synthda("report", "a", "b", "--out", "pages/ab.html").code == 0
    assert (tmp_path / "pages" / "ab.html").exists()


def test_a_folder_without_a_run_is_one_sentence(synthda: Any) -> None:
    done = synthda("report", "nowhere")
    assert done.code == 2
    assert done.err.startswith("Error: There is no run nowhere; make one with: synthda adapt")


def test_an_adaptation_ends_with_its_report(synthda: Any, photos: Path, tmp_path: Path) -> None:
    assert synthda("generate", "stripes", "--count", 64, "--out", "stripes", "--workers", 1).code == 0
    quick = ["--set", "source_batch=8", "--set", "target_batch=8", "--set", "width=8", "--steps", 4, "--size", 16]
    done = synthda("adapt", "--source", "stripes", "--target", "photos", "--out", "run", "--no-export", *quick)
    assert done.code == 0
    assert f"Report: {Path('run/report.html')}" in done.out
    assert "0.png" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8"), "photographs by their names"


def test_an_adaptation_keeps_no_photographs_where_no_report_is_wanted(
    synthda: Any, photos: Path, tmp_path: Path
) -> None:
    assert synthda("generate", "stripes", "--count", 64, "--out", "stripes", "--workers", 1).code == 0
    quick = ["--set", "source_batch=8", "--set", "target_batch=8", "--set", "width=8", "--steps", 4, "--size", 16]
    given = ["--source", "stripes", "--target", "photos", "--out", "run", "--no-export", "--no-report", *quick]
    assert synthda("adapt", *given).code == 0
    assert not (tmp_path / "run" / "report").exists()
    assert not (tmp_path / "run" / "report.html").exists()


def test_a_run_is_not_compared_with_itself(synthda: Any, tmp_path: Path) -> None:
    finished(tmp_path / "first", stored=False)
    failed = synthda("report", "first", "./first")
    assert failed.code == 2
    assert "first is given twice" in failed.err
    assert not (tmp_path / "comparison.html").exists()
