"""What `adapt` says at its end: accuracies beside those of the baselines, what is known of the gain, the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.data import FLOOR, ORACLE
from synthda.adapt.estimate_doubts import doubts, harm_told, is_worse
from synthda.adapt.run import Run
from synthda.adapt.scored import scored_alike
from synthda.cli.listing import console, say, shortened, table, warn
from synthda.cli.selecting import checkpoint_line, estimate_line, rejection_line
from synthda.datasets.domain import UNKNOWN
from synthda.shell import quoted

NEARLY_ALL = 0.9
"""Share of the target that is predicted as one class, beyond which something is wrong with the model, or the target."""


def print_summary(
    plan: Blueprint, run: Run, results: Mapping[str, Any], comparison: Mapping[str, Any], *, has_source: bool
) -> None:
    """Of a finished run: `results` as its manifest has them, `comparison` as `baselines.compare` makes it."""
    say()
    rows = {FLOOR: run.baseline(FLOOR), plan.method: run, ORACLE: run.baseline(ORACLE)} | {plan.method: run}
    blind = any(_estimate(each) is not None for each in rows.values())
    headings = ("", "accuracy", "95 % interval", "n", *(["estimated"] if blind else []))
    grid = table(*headings, right=range(1, len(headings)))
    for name, each in rows.items():
        grid.add_row(name, *_cells(each, beside=run)[: len(headings) - 1])
    console().print(grid)
    closed = comparison["gap_closed"]
    shown = "not known" if closed is None else f"{closed:.0%}"
    say(f"Gap closed: {shown}. {checkpoint_line(results)}, seed {plan.seed}.")
    estimate = results.get("estimated_accuracy")
    if estimate:
        say(estimate_line(estimate))
        for line in doubts(estimate):
            warn(line)
    _tell_gain(plan.method, run, has_source=has_source)
    for line in (*_about_target(results, comparison["proxy_a_distance"]), *_about_model(run, results)):
        say(line)


def _tell_gain(method: str, run: Run, *, has_source: bool) -> None:
    if floor_is_better(run):
        warn(harm_told(method))
    if method != FLOOR and has_source and not gain_known(run):
        say(
            "Whether this is better than training on the source alone is not known: --baselines with --eval tells, or, "
            "without labels, --baselines --hold-out 0.1 in a new --out; synthda compare ranks several methods."
        )


def _about_target(results: Mapping[str, Any], distance: Mapping[str, float | None]) -> Iterator[str]:
    if results.get("rejection"):
        yield rejection_line(results["rejection"])
    yield from _about_shares(results["predicted_shares"])
    if distance["after"] is not None:
        before = "not run" if distance["before"] is None else f"{distance['before']:.2f}"
        after = f"{distance['after']:.2f}"
        yield f"Proxy A-distance of the features: {before} before, {after} after (0 alike, 2 far apart)."


def _about_shares(shares: Mapping[str, float]) -> Iterator[str]:
    """Of the target's predictions, by class: whether they are nearly all of one, or some classes are missing."""
    commonest, rare = max(shares, key=lambda name: shares[name]), hardly_predicted(shares)
    if len(shares) > 2 and shares[commonest] > NEARLY_ALL:
        yield (
            f"{shares[commonest]:.0%} of the target is predicted as {commonest}: unless that is what it shows, the "
            "features have collapsed (docs/troubleshooting.md)."
        )
    elif rare:
        yield f"Hardly predicted on the target: {shortened(rare)}. Either missing there, or not recognised."


def _about_model(run: Run, results: Mapping[str, Any]) -> Iterator[str]:
    parity = results.get("parity")
    if parity:
        yield (
            f"{run.onnx} agrees with the trained network on {parity['images']} images (largest difference "
            f"{parity['largest_difference']:.0e})."
        )
        yield f"Use it:  synthda predict {quoted(run.onnx)} PHOTOS --out predictions.csv"


def _cells(run: Run, *, beside: Run) -> tuple[str, str, str, str]:
    """What was measured, and, apart from it, what was estimated without labels."""
    estimate = _estimate(run)
    shown = "" if estimate is None else f"{estimate['value']:.2f}"
    if not run.finished:
        return "not run", "", "", ""
    scored = run.read()["results"].get("evaluation")
    if scored is None:
        return "not evaluated", "", "", shown
    if not scored_alike(scored, beside.read()["results"].get("evaluation", scored)):
        return "scored on other images", "", "", shown
    low, high = scored["interval"]
    return f"{scored['accuracy']:.4f}", f"{low:.4f}…{high:.4f}", f"{scored['n']:,}", shown


def _estimate(run: Run) -> Mapping[str, Any] | None:
    """The accuracy as estimated without labels; None where no source images are held out."""
    return run.read()["results"].get("estimated_accuracy") if run.finished else None


def gain_known(run: Run) -> bool:
    """Whether the run and source-only training beside it are both scored, or both estimated."""
    pair = (run, run.baseline(FLOOR))
    scores = [each.read()["results"].get("evaluation") if each.finished else None for each in pair]
    return scored_alike(*scores) or all(_estimate(each) is not None for each in pair)


def floor_is_better(run: Run) -> bool:
    """Whether the estimates without labels say that adaptation has done harm."""
    return is_worse(_estimate(run), _estimate(run.baseline(FLOOR)))


def hardly_predicted(shares: Mapping[str, float]) -> tuple[str, ...]:
    """Classes with less than a tenth of an equal share of the predictions; that `unknown` is rare is no warning."""
    return tuple(name for name, share in shares.items() if share < 0.1 / len(shares) and name != UNKNOWN)
