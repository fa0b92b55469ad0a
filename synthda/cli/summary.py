"""What `adapt` says at its end: accuracies beside those of the baselines, what is known of the gain, the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.data import FLOOR, ORACLE
from synthda.adapt.run import Run
from synthda.cli.listing import console, say, shortened, table, warn
from synthda.cli.selecting import checkpoint_line, estimate_line, rejection_line
from synthda.datasets.domain import UNKNOWN
from synthda.shell import quoted

CHANCE = 0.01
"""By which two estimates of accuracies have to differ before that is told."""


def print_summary(
    plan: Blueprint, run: Run, results: Mapping[str, Any], comparison: Mapping[str, Any], *, has_source: bool
) -> None:
    """Of a finished run: `results` as its manifest has them, `comparison` as `baselines.compare` makes it."""
    say()
    grid = table("", "accuracy", "95 % interval", "n", right=(1, 2, 3))
    rows = {FLOOR: run.baseline(FLOOR), plan.method: run} | {ORACLE: run.baseline(ORACLE)}
    for name, each in rows.items():
        grid.add_row(name, *_cells(each))
    console().print(grid)
    closed = comparison["gap_closed"]
    shown = "not known" if closed is None else f"{closed:.0%}"
    say(f"Gap closed: {shown}. {checkpoint_line(results)}, seed {plan.seed}.")
    if results.get("estimated_accuracy"):
        say(estimate_line(results["estimated_accuracy"]))
    _tell_gain(plan.method, run, has_source=has_source)
    for line in (*_about_target(results, comparison["proxy_a_distance"]), *_about_model(run, results)):
        say(line)


def _tell_gain(method: str, run: Run, *, has_source: bool) -> None:
    if floor_is_better(run):
        warn(
            f"By these estimates source-only training does better than {method} here. Try another method; synthda "
            "compare, without --eval, ranks several by such estimates."
        )
    if method != FLOOR and has_source and not gain_known(run):
        say(
            "Whether this is better than training on the source alone is not known: --baselines with --eval tells, or, "
            "without labels, --baselines --hold-out 0.1 in a new --out; synthda compare ranks several methods."
        )


def _about_target(results: Mapping[str, Any], distance: Mapping[str, float | None]) -> Iterator[str]:
    if results.get("rejection"):
        yield rejection_line(results["rejection"])
    rare = hardly_predicted(results["predicted_shares"])
    if rare:
        yield f"Hardly predicted on the target: {shortened(rare)}. Either missing there, or not recognised."
    if distance["after"] is not None:
        before = "not run" if distance["before"] is None else f"{distance['before']:.2f}"
        after = f"{distance['after']:.2f}"
        yield f"Proxy A-distance of the features: {before} before, {after} after (0 alike, 2 far apart)."


def _about_model(run: Run, results: Mapping[str, Any]) -> Iterator[str]:
    parity = results.get("parity")
    if parity:
        yield (
            f"{run.onnx} agrees with the trained network on {parity['images']} images (largest difference "
            f"{parity['largest_difference']:.0e})."
        )
        yield f"Use it:  synthda predict {quoted(run.onnx)} PHOTOS --out predictions.csv"


def _cells(run: Run) -> tuple[str, str, str]:
    if not run.finished:
        return "not run", "", ""
    scored, estimated = run.read()["results"].get("evaluation"), _estimated(run)
    if scored is None:
        return ("not evaluated", "", "") if estimated is None else (f"{estimated:.4f}", "estimated", "")
    low, high = scored["interval"]
    return f"{scored['accuracy']:.4f}", f"{low:.4f}…{high:.4f}", f"{scored['n']:,}"


def _estimated(run: Run) -> float | None:
    """The accuracy as estimated without labels; None where no source images are held out."""
    found = run.read()["results"].get("estimated_accuracy", {}) if run.finished else {}
    return found.get("value")


def gain_known(run: Run) -> bool:
    """Whether the run and source-only training beside it are both scored, or both estimated."""
    pair = (run, run.baseline(FLOOR))
    scored = all(each.finished and each.read()["results"].get("evaluation") for each in pair)
    return scored or all(_estimated(each) is not None for each in pair)


def floor_is_better(run: Run) -> bool:
    """Whether the estimates without labels say that adaptation has done harm."""
    floor, own = _estimated(run.baseline(FLOOR)), _estimated(run)
    return floor is not None and own is not None and own < floor - CHANCE


def hardly_predicted(shares: Mapping[str, float]) -> tuple[str, ...]:
    """Classes with less than a tenth of an equal share of the predictions; that `unknown` is rare is no warning."""
    return tuple(name for name, share in shares.items() if share < 0.1 / len(shares) and name != UNKNOWN)
