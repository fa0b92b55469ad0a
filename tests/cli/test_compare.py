"""`synthda compare` from the plan to the tables, and its refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from synthda.adapt.networks.pretrained import url_of

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
PAIR = ("--source", "stripes", "--target", "photos", "--eval", "photos")


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
    assert first.out.startswith("2 cells, 2 of them to be trained or scored.\nTraining takes ")
    assert re.search(r"\ncell 1 of 2: stripes  source-only  seed 0  [\d.]+  .*s\n", first.out)
    assert re.search(r"\ncell 2 of 2: stripes  dann  seed 0  [\d.]+  .*s\n", first.out)
    exported, predict = re.findall(r"  synthda (export|predict) (out/stripes/\S+)", first.out)
    assert exported[1] == predict[1]
    refused = synthda("predict", predict[1], "photos")
    assert f"export it with: synthda export {predict[1]}" in refused.err
    assert synthda("export", exported[1]).code == 0
    assert synthda("predict", predict[1], "photos").code == 0
    again = synthda(*command).out
    assert "cell 2 of 2: stripes  dann  seed 0  " in again
    assert "  known\n" in again
    assert "synthda export" not in again
    assert "of the source" not in again
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


def test_a_comparison_of_which_every_cell_failed_has_failed(synthda: Any, plan: str) -> None:
    command = ("compare", *PAIR, "--method", "mcc", "--size", "16", "--steps", "2", "--seeds", "1", "--set", "width=8")
    done = synthda(*command, "--set", "graph=on", "--device", "cpu", "--out", "failed", "--no-pictures")
    assert done.code == 2
    assert "No cell has a score: each failed for the reason that stands beside it." in done.err
    assert "mcc  seed 0  failed: " in done.err


def test_without_labels_methods_are_ranked_by_estimates(synthda: Any, plan: str, tmp_path: Path) -> None:
    command = ["compare", "--source", "stripes", "--target", "photos", "--method", "mcc", "--out", "blind"]
    command += ["--size", "16", "--steps", "4", "--seeds", "1", "--set", "width=8"]
    command += ["--set", "source_batch=8", "--set", "target_batch=4"]
    done = synthda(*command)
    assert done.code == 0, done.err
    assert "accuracy, estimated without labels" in " ".join(done.out.split())
    assert "The estimates tell which method, and not how good it is" in " ".join(done.out.split())
    assert "All runs learnt from 90% of the source" in " ".join(done.out.split())
    cells = json.loads((tmp_path / "blind" / "comparison.json").read_text())["cells"]
    assert [(cell["accuracy"], 0 <= cell["estimated"] <= 1) for cell in cells] == [(None, True)] * 2
    assert "it ranks methods, and says little of how good the best is" in (tmp_path / "blind/comparison.md").read_text()
    assert len(list((tmp_path / "blind").rglob("embedding-*.png"))) == 1
    again = synthda(*command, "--dry-run")
    assert "2 cells, 0 of them to be trained or scored" in again.out


def test_flags_do_the_same_as_a_plan(synthda: Any, plan: str, tmp_path: Path) -> None:
    listed = synthda(
        "compare", *PAIR, "--size", 16, "--steps", 2, "--method", "dann", "--method", "mcc", "--seeds", 2, "--dry-run"
    )
    assert listed.code == 0, listed.err
    assert "6 cells, 6 of them to be trained or scored" in listed.out
    assert re.search(r"Training takes (about \d|under).* on cpu", listed.out)
    assert not (tmp_path / "runs").exists()


def test_without_methods_four_of_unlike_kinds_are_compared(synthda: Any, plan: str) -> None:
    told = json.loads(synthda("compare", *PAIR, "--seeds", 1, "--dry-run", "--json").out)
    assert [cell["method"] for cell in told["cells"]] == ["source-only", "dann", "im", "fixmatch", "shot"]
    refused = synthda("compare", *PAIR, "--set", "lambda_max=0.5", "--dry-run")
    assert "Row im: im on conv-small has no setting" in refused.err
    assert "name those that it suits by --method" in refused.err
    assert "--method" not in synthda("compare", *PAIR, "--network", "resnet", "--dry-run").err


def test_the_cells_of_a_dry_run_are_json_on_request(synthda: Any, plan: str) -> None:
    told = json.loads(synthda("compare", plan, "--dry-run", "--json").out)
    about = {"pair": "stripes", "seed": 0, "network": "conv-small", "steps": 2, "known": False}
    assert [cell["method"] for cell in told["cells"]] == ["source-only", "dann"]
    assert all(about.items() <= cell.items() for cell in told["cells"])


def test_what_the_log_of_a_row_says_of_its_health_stands_below_the_table(
    synthda: Any, plan: str, tmp_path: Path
) -> None:
    unsure = PLAN.replace('["dann"]', '["fixmatch"]')
    (tmp_path / "unsure.toml").write_text(unsure, encoding="utf-8")
    command = ("compare", "unsure.toml", "--out", "out", "--no-pictures")
    assert "hardly a photograph" not in synthda(*command).err
    for log in tmp_path.glob("out/stripes/*/*/metrics.jsonl"):
        lines = [{"step": step, "label": 2 / step**0.8, "sure": 0.0} for step in range(1, 11)]
        log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = " ".join(synthda(*command).err.split())
    assert "fixmatch: In the whole training, hardly a photograph was sure" in told
    assert told.count("The label loss still fell at the end, from 0.42 to 0.32") == 1


def test_what_will_be_downloaded_is_told_and_left_to_the_training(
    synthda: Any, plan: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))
    command = ("compare", *PAIR, "--backbone", "squeezenet1_1", "--size", 32, "--method", "dann", "--dry-run")
    told = synthda(*command)
    assert told.code == 0, told.err
    assert told.out.count(f"Weights are downloaded from {url_of('squeezenet1_1')} when the training starts") == 1
    assert not (tmp_path / "hub").exists()
    assert "downloaded" not in synthda(*command, "--weights", "none").out
    missing = synthda(*command, "--weights", "w.pth")
    assert (missing.code, "w.pth does not exist" in missing.err) == (2, True)


def test_the_tables_of_rules_and_over_all_pairs_are_printed_too(synthda: Any, plan: str, tmp_path: Path) -> None:
    again = PLAN[PLAN.index("[pairs.stripes]") :].replace("pairs.stripes", "pairs.again")
    ruled = 'rules = ["bnm"]\ncandidates = 2\n' + PLAN + again
    (tmp_path / "ruled.toml").write_text(ruled, encoding="utf-8")
    done = synthda("compare", "ruled.toml", "--out", "out", "--no-pictures")
    assert done.code == 0, done.err
    assert "stripes: mean accuracy of the checkpoint by rule of selection" in done.out
    assert "oracle-selected" in done.out
    assert "Over all pairs" in done.out
    assert "<th>oracle-selected</th>" in (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")


def test_a_setting_of_the_method_leaves_source_only_as_it_is(synthda: Any, plan: str) -> None:
    assert synthda("compare", *PAIR, "--method", "dann", "--set", "lambda_max=0.5", "--dry-run").code == 0
    refused = synthda("compare", *PAIR, "--method", "dann", "--set", "lamda_max=0.5")
    assert "Row dann: There is no setting 'lamda_max'. Did you mean lambda_max" in refused.err


def test_photographs_that_cannot_be_used_are_listed(synthda: Any, plan: str, photos: Path) -> None:
    (photos / "level" / "broken.jpg").write_bytes(b"no photograph")
    listed = synthda("compare", plan, "--dry-run")
    assert listed.code == 0
    assert listed.err.count("broken.jpg") == 1


def test_a_folder_that_is_no_comparison_is_refused(synthda: Any, plan: str, tmp_path: Path) -> None:
    small = ("--steps", 0, "--size", 16, "--no-export")
    assert synthda("adapt", "--source", "stripes", "--target", "photos", "--out", "run", *small).code == 0
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "comparison.json").write_text('{"format": 1, "cells": [{}]}', encoding="utf-8")
    for out, said in (
        ("run", "run holds a run of synthda adapt"),
        ("plan.toml", "plan.toml is a file; give a folder to --out"),
        ("damaged", "comparison.json is damaged"),
    ):
        refused = synthda("compare", plan, "--out", out)
        assert refused.code == 2
        assert said in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "There is no --source, --target; give"),
        (["--source", "stripes", "--eval", "photos"], "There is no --target; give"),
        (["plan.toml", "--method", "mcc"], "leave out the flags"),
        (["plan.toml", "--seeds", "5"], "leave out the flags"),
        (["plan.toml", "--network", "ganin-mnist"], "leave out the flags"),
        (["none.toml"], "none.toml cannot be read"),
        ([*PAIR, "--method", "train-on-target"], "needs labelled target photographs"),
        ([*PAIR, "--backbone", "resnet18", "--weights", "none.pth"], "none.pth does not exist"),
        ([*PAIR, "--method", "adabn"], "norm=batch"),
        ([*PAIR, "--method", "dannn"], "Did you mean"),
        (
            [*PAIR, "--method", "dann", "--method", "im", "--set", "lambda_max=0.5"],
            "settings of one row go into the file of a comparison, under [variants.NAME]",
        ),
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
