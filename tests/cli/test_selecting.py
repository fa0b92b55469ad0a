"""The lines about held-out images, from results that were written by hand."""

from __future__ import annotations

from typing import Any

from synthda.adapt.selection import Selection
from synthda.cli.selecting import checkpoint_line, estimate_line, rejection_line, selection_plan

CHOSEN: dict[str, Any] = {"steps": 3000, "selection": {"rule": "snd", "step": 1200}}


def test_the_checkpoint_is_told_with_its_accuracy_first_and_that_of_the_last_one() -> None:
    assert checkpoint_line({"steps": 3000}) == "Last checkpoint"
    assert checkpoint_line(CHOSEN) == "Checkpoint of step 1,200 of 3,000, chosen by snd"
    scored = CHOSEN | {"evaluation": {"accuracy": 0.75}, "evaluation_of_last": {"accuracy": 0.5}}
    assert checkpoint_line(scored).endswith("chosen by snd (accuracy 0.7500, the last one 0.5000)")


def test_an_estimate_is_told_with_the_images_of_both_domains_and_its_error() -> None:
    estimate = {"value": 0.625, "target_images": 4000, "source_images": 300, "source_accuracy": 0.95}
    line = "Estimated without labels: 0.62 of the target right, from 4,000 images of it and 300 held out of the source"
    assert estimate_line(estimate) == f"{line} (0.95 right)."
    assert estimate_line(estimate | {"error": -0.125}) == f"{line} (0.95 right); off by -0.12 on the labelled data."


def test_a_threshold_is_told_with_what_it_lets_pass() -> None:
    told = rejection_line({"unknown_logit": 2.5, "temperature": 0.5, "kept": 0.95, "images": 1200})
    assert "no class's logit reaches 2.50 (temperature 0.50); 95% of 1,200 held-out source images pass" in told


def test_the_checkpoints_that_there_will_be_are_counted() -> None:
    held_out, select = selection_plan(Selection("source-accuracy", 10), 4, 2_000_000)
    assert held_out == "Hold out 10% of each class of the source, for source-accuracy and an estimate of the accuracy"
    assert select.startswith("Select   by source-accuracy among 4 checkpoints from step 1 on; 8.0 MB on disk")
    assert not list(selection_plan(Selection(), 4, 2_000_000))
