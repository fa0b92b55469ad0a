"""`synthda compare` from the plan to the tables, and its refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

PLAN = """
methods = ["dann"]
seeds = [0]
steps = 2
size = 16
set = { source_batch = 8, target_batch = 8, width = 8 }
[pairs.stripes]
source = "stripes"
target = "photos"
eval = "photos"
"""


@pytest.fixture
def plan(synthda: Any, photos: Path, tmp_path: Path) -> str:
    (photos / "level" / "broken.jpg").unlink()
    assert synthda("generate", "stripes", "--count", 16, "--out", "stripes", "--workers", 1).code == 0
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    return "plan.toml"


def test_a_plan_ends_in_ranked_tables_and_the_same_command_changes_nothing(
    synthda: Any, plan: str, tmp_path: Path
) -> None:
    command = ("compare", plan, "--out", "out", "--no-pictures")
    first = synthda(*command)
    assert first.code == 0, first.err
    assert "source-only  seed 0" in first.out
    for suffix in ("md", "csv", "html", "json"):
        assert (tmp_path / "out" / f"comparison.{suffix}").is_file()
    table = (tmp_path / "out" / "comparison.csv").read_bytes()
    weights = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("last.pt")}
    assert synthda(*command).code == 0
    assert (tmp_path / "out" / "comparison.csv").read_bytes() == table
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("last.pt")} == weights

    told = json.loads(synthda(*command, "--json").out)
    assert [cell["method"] for cell in told["cells"]] == ["source-only", "dann"]
    listed = synthda(*command, "--dry-run")
    assert "2 cells, 0 of them to be trained or scored" in listed.out
    cells = json.loads(synthda(*command, "--dry-run", "--json").out)["cells"]
    assert [(cell["method"], cell["seed"], cell["known"]) for cell in cells] == [
        ("source-only", 0, True),
        ("dann", 0, True),
    ]


def test_flags_do_the_same_as_a_plan(synthda: Any, plan: str, tmp_path: Path) -> None:
    pair = ("--source", "stripes", "--target", "photos", "--eval", "photos", "--size", 16, "--steps", 2)
    listed = synthda("compare", *pair, "--method", "dann", "--method", "mcc", "--seeds", 2, "--dry-run")
    assert listed.code == 0, listed.err
    assert "6 cells, 6 of them to be trained or scored" in listed.out
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "There is no --source, --target, --eval"),
        (["--source", "stripes", "--target", "photos"], "There is no --eval"),
        (["plan.toml", "--method", "mcc"], "leave out the flags"),
        (["plan.toml", "--seeds", "5"], "leave out the flags"),
        (["plan.toml", "--network", "ganin-mnist"], "leave out the flags"),
        (["none.toml"], "none.toml cannot be read"),
        (["--source", "stripes", "--target", "photos", "--eval", "photos", "--method", "adabn"], "norm=batch"),
        (["--source", "stripes", "--target", "photos", "--eval", "photos", "--method", "dannn"], "Did you mean"),
        (["--source", "stripes", "--target", "nowhere", "--eval", "photos"], "nowhere"),
    ],
)
def test_bad_input_is_one_sentence_before_any_training(
    arguments: list[str], said: str, synthda: Any, plan: str, tmp_path: Path
) -> None:
    refused = synthda("compare", *arguments, "--out", "out")
    assert refused.code == 2
    assert said in refused.err
    assert "Traceback" not in refused.err
    assert not (tmp_path / "out").exists()
