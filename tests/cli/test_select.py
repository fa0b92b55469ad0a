"""`synthda adapt --select`: what it says before and after, and its refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

QUICK = ["--set", "source_batch=8", "--set", "target_batch=8", "--set", "width=8", "--steps", "10", "--size", "16"]


@pytest.fixture
def source(synthda: Any, tmp_path: Path) -> str:
    assert synthda("generate", "stripes", "--count", 64, "--out", "stripes", "--workers", 1).code == 0
    return "stripes"


def adapt(synthda: Any, source: str, *options: object) -> Any:
    given = ["--source", source, "--target", "photos", "--out", "run", "--no-export", *QUICK]
    return synthda("adapt", *given, *options)


def test_the_choice_is_told_before_and_after_and_evaluate_scores_it(
    synthda: Any, source: str, photos: Path, tmp_path: Path
) -> None:
    done = adapt(synthda, source, "--select", "bnm", "--candidates", 5, "--eval", "photos")
    assert done.code == 0, done.err
    assert re.search(r"Select   by bnm among 5 checkpoints from step 2 on; \d+\.\d MB on disk", done.out)
    results = json.loads((tmp_path / "run" / "run.json").read_text())["results"]
    step, chosen = results["selection"]["step"], results["evaluation"]["accuracy"]
    told = f"Checkpoint of step {step} of 10, chosen by bnm (accuracy {chosen:.4f}, the last one "
    assert told + f"{results['evaluation_of_last']['accuracy']:.4f})" in done.out
    assert "estimated" not in done.out
    scored = json.loads(synthda("evaluate", "run", "--data", "photos", "--json").out)
    assert scored["model"].endswith("selected.pt")
    assert scored["accuracy"] == chosen


def test_a_rule_of_the_source_holds_images_out_and_estimates_the_accuracy(
    synthda: Any, source: str, photos: Path
) -> None:
    done = adapt(synthda, source, "--select", "iwv", "--eval", "photos")
    assert done.code == 0, done.err
    assert "Hold out 10% of each class of the source, for iwv and an estimate of the accuracy" in done.out
    assert re.search(r"Estimated without labels: \d\.\d\d of the target right, from .*off by [+-]\d\.\d\d", done.out)


def test_estimates_stand_beside_those_of_source_only_and_say_where_adaptation_does_harm(
    synthda: Any, source: str, photos: Path, tmp_path: Path
) -> None:
    options = ("--hold-out", 0.1, "--baselines")
    done = adapt(synthda, source, *options)
    assert done.code == 0, done.err
    assert "Without --eval" not in done.err
    rows = [line.split() for line in done.out.splitlines() if line.strip().startswith(("source-only", "dann"))]
    assert [row[1:3] for row in rows] == [["not", "evaluated"]] * 2  # an estimate is no accuracy
    warned = "source-only training does better than dann here"
    assert warned not in done.err or float(rows[0][3]) > float(rows[1][3])


def test_the_last_checkpoint_is_taken_where_nothing_is_said(synthda: Any, source: str, photos: Path) -> None:
    done = adapt(synthda, source)
    assert "Last checkpoint, seed 0." in done.out
    assert "Select" not in done.out
    assert "Hold out" not in done.out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--select", "entrpy"], "There is no rule 'entrpy'. Did you mean entropy?"),
        (["--select", "iwv", "--hold-out", "0"], "hold_out=0 leaves none"),
        (["--candidates", "5"], "give --select a rule, too"),
        (["--candidates", "1", "--select", "snd"], "candidates=1 is out of range; give 2…100"),
        (["--hold-out", "0.8"], "hold_out=0.8 is out of range"),
        (["--select", "iwv", "--source", "single"], "No image can be held out of upright"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    options: list[str], sentence: str, synthda: Any, source: str, photos: Path, tmp_path: Path
) -> None:
    for name in ("level/0", "level/1", "upright/0"):
        (tmp_path / "single" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((16, 16), 90).convert("RGB").save(tmp_path / "single" / f"{name}.png")
    failed = adapt(
        synthda,
        "single" if "single" in options else source,
        *[each for each in options if each not in ("--source", "single")],
    )
    assert failed.code == 2
    assert sentence in failed.err
    assert failed.err.count("Error:") == 1
    assert not (tmp_path / "run").exists()
