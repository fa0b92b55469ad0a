"""What the end of a run says of the target and of the gain, from manifests that were written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from toy import blueprint

from synthda.adapt.data import FLOOR, ORACLE
from synthda.adapt.run import Run
from synthda.cli.summary import (
    _about_shares,
    _about_target,
    _cells,
    _tell_gain,
    floor_is_better,
    gain_known,
    hardly_predicted,
    print_summary,
)
from synthda.manifest import FORMAT, write_json

Results = dict[str, dict[str, Any]]
SCORED: Results = {"evaluation": {"accuracy": 0.5, "interval": [0.4, 0.6], "n": 9}}
OTHERS: Results = {"evaluation": SCORED["evaluation"] | {"content": "of other images"}}


def _estimated(value: float) -> Results:
    return {"estimated_accuracy": {"value": value}}


def _finished(run: Run, results: Results | None) -> None:
    """Nothing is written where nothing was run."""
    if results is not None:
        run.folder.mkdir(parents=True, exist_ok=True)
        write_json(run.manifest, {"format": FORMAT, "results": results})


def _pair(folder: Path, own: Results, floor: Results | None) -> Run:
    run = Run(folder)
    _finished(run, own)
    _finished(run.baseline(FLOOR), floor)
    return run


@pytest.mark.parametrize(("own", "floor", "expected"), [(0.5, 0.9, True), (0.9, 0.5, False), (0.895, 0.9, False)])
def test_adaptation_does_harm_where_source_only_is_better_by_more_than_chance_and_that_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], own: float, floor: float, expected: bool
) -> None:
    run = _pair(tmp_path, _estimated(own), _estimated(floor))
    assert floor_is_better(run) is expected
    _tell_gain("dann", run, has_source=True)
    assert ("source-only training does better than dann here" in capsys.readouterr().err) is expected


def test_without_two_estimates_nothing_is_said_of_harm(tmp_path: Path) -> None:
    assert not floor_is_better(_pair(tmp_path / "none", _estimated(0.1), None))
    assert not floor_is_better(_pair(tmp_path / "scored", SCORED, _estimated(0.9)))


@pytest.mark.parametrize(
    ("own", "floor", "known"),
    [
        (SCORED, SCORED, True),
        (_estimated(0.5), _estimated(0.4), True),
        (SCORED, _estimated(0.4), False),
        (SCORED, OTHERS, False),
        (SCORED, {}, False),
        (SCORED, None, False),
        ({}, {}, False),
    ],
)
def test_the_gain_is_known_where_both_were_measured_alike(
    tmp_path: Path, own: Results, floor: Results | None, known: bool
) -> None:
    assert gain_known(_pair(tmp_path, own, floor)) is known


def test_a_baseline_that_was_scored_on_other_images_shows_no_accuracy(tmp_path: Path) -> None:
    run = _pair(tmp_path, SCORED, OTHERS)
    assert _cells(run, beside=run) == ("0.5000", "0.4000…0.6000", "9", "")
    assert _cells(run.baseline(FLOOR), beside=run) == ("scored on other images", "", "", "")


@pytest.mark.parametrize(("share", "told"), [(0.1, ()), (0.011, ()), (0.009, ("rare",))])
def test_a_class_is_hardly_predicted_below_a_tenth_of_an_equal_share(share: float, told: tuple[str, ...]) -> None:
    others = {f"class {number}": (1 - share) / 9 for number in range(9)}
    assert hardly_predicted({"rare": share} | others) == told


def test_that_unknown_is_rarely_answered_is_no_warning() -> None:
    assert hardly_predicted({"left": 0.97, "upper": 0.03, "unknown": 0.0}) == ("upper",)


def test_a_target_that_is_predicted_as_one_class_is_told_in_place_of_the_classes_that_are_missing() -> None:
    (collapsed,) = _about_shares({"cola": 0.93, "soap": 0.07, "tea": 0.0})
    assert collapsed.startswith("93% of the target is predicted as cola")
    (missing,) = _about_shares({"cola": 0.6, "soap": 0.4, "tea": 0.0})
    assert missing.startswith("Hardly predicted on the target: tea.")
    assert not list(_about_shares({"cola": 0.5, "soap": 0.3, "tea": 0.2}))
    assert not list(_about_shares({"cola": 0.93, "soap": 0.07}))


def test_the_distance_before_is_that_of_source_only() -> None:
    shares: Results = {"predicted_shares": {"cola": 0.5, "soap": 0.5}}
    (told,) = _about_target(shares, {"before": 1.5, "after": 0.25})
    assert told.startswith("Proxy A-distance of the features: 1.50 before, 0.25 after")
    (told,) = _about_target(shares, {"before": None, "after": 0.25})
    assert "not run before, 0.25 after" in told


@pytest.mark.parametrize("method", [FLOOR, "dann", ORACLE])
def test_a_run_has_the_row_of_its_method_also_where_that_is_a_baseline(
    method: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, results = Run(tmp_path), SCORED | {"predicted_shares": {"cola": 0.5, "soap": 0.5}}
    _finished(run, results)
    nothing = {"gap_closed": None, "proxy_a_distance": {"before": None, "after": None}}
    print_summary(blueprint(method), run, results, nothing, has_source=True)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[1] for row in rows if row[:1] == [method]] == ["0.5000"]
