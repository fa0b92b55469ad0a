"""The figures of a card, with what each of them rests on, and the limits that follow from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from synthda.adapt.estimate_doubts import doubts
from synthda.adapt.model_card.facts import BASELINES, Facts
from synthda.adapt.model_card.markdown import literal, table
from synthda.adapt.model_card.texts import LIMITS

HARDLY = 0.1
"""A class with less than this part of an equal share of the predictions is told."""


def figure(value: object) -> str:
    """A number as the card's tables show it; of what is none, its text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "none" if value is None else literal(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if abs(value) >= 0.001 or value == 0 else f"{value:.4g}"


def measured(facts: Facts) -> Iterator[str]:
    results = facts.results
    scored = results.get("evaluation")
    if scored is None:
        yield "No labelled photographs of the target were given: **its accuracy there was not measured.**"
        return
    rows = {BASELINES[name]: found.get("evaluation") for name, found in facts.baselines.items()}
    shown = {"**this model**": scored, "its last checkpoint": results.get("evaluation_of_last")}
    below, above = (rows.get(label) for label in BASELINES.values())
    ordered = {BASELINES["source-only"]: below, **shown, BASELINES["train-on-target"]: above}
    yield f"Measured on {literal(scored['data'])}, with labels that training did not see:"
    lines = [(name, *_score(found)) for name, found in ordered.items() if found is not None]
    yield table(("", "accuracy", "95 % interval", "mean recall", "calibration error", "n"), lines)
    if not below and not above:
        yield "Neither source-only training nor training on target labels was run beside it (`--baselines`)."
    closed = facts.comparison.get("gap_closed")
    if closed is not None:
        yield f"Of the gap between the two, {closed:.1%} is closed."
    if scored.get("unknown_auroc") is not None:
        yield f"Images of no class are told from the others with an AUROC of {figure(scored['unknown_auroc'])}."


def _score(found: Mapping[str, Any]) -> tuple[str, ...]:
    low, high = found["interval"]
    between = f"{figure(low)} … {figure(high)}"
    rest = (figure(found[name]) for name in ("mean_recall", "calibration_error", "n"))
    return figure(found["accuracy"]), between, *rest


def estimated(facts: Facts) -> Iterator[str]:
    found = facts.results.get("estimated_accuracy")
    if found is not None:
        error = f" It was off by {found['error']:+.2f}." if "error" in found else ""
        yield " ".join(
            (
                f"Estimated without labels of the target, and not measured: {found['value']:.2f}, by "
                f"{literal(found['by'])}, from {figure(found['source_images'])} held-out source images (accuracy "
                f"{figure(found['source_accuracy'])}) and {figure(found['target_images'])} of the target.{error} The "
                "estimate supposes that confidence falls where accuracy does; where the model is wrong and sure of it, "
                "the estimate is too high.",
                *doubts(found),
            )
        )
    distance = facts.comparison.get("proxy_a_distance", {})
    known = [f"{figure(distance[when])} {when}" for when in ("before", "after") if distance.get(when) is not None]
    if known:
        yield f"Proxy A-distance of the features (0 alike, 2 far apart): {', '.join(known)} adaptation."


def by_class(facts: Facts) -> Iterator[str]:
    scored, shares = facts.results.get("evaluation"), facts.results.get("predicted_shares")
    if scored is None and shares is None:
        return
    head, rows = ["class"], [[literal(name)] for name in facts.blueprint["classes"]]
    if scored is not None:
        head += ["recall", "images"]
        counts = [sum(row) for row in scored["confusion"]]
        for row, recall, count in zip(rows, scored["recall"].values(), counts, strict=True):
            row += [figure(recall), figure(count)]
    if shares is not None:
        head.append("share of the predictions on the target")
        for row, share in zip(rows, shares.values(), strict=True):
            row.append(figure(share))
    yield table(head, rows)


def limits(facts: Facts) -> Iterator[str]:
    results, plan = facts.results, facts.blueprint
    rejection, threshold = results.get("rejection"), plan.get("unknown_below")
    if rejection is not None:
        yield (
            f"Answers `unknown` where no class's logit reaches {figure(rejection['unknown_logit'])} at the temperature "
            f"{figure(rejection['temperature'])}: calibrated on {figure(rejection['images'])} held-out "
            f"source images, of which a share of {figure(rejection['kept'])} pass. How many things of no class it "
            "rejects is another question."
        )
    elif threshold is not None:
        yield f"Answers `unknown` where every class is less probable than {figure(threshold)}, a number that was given."
    elif "unknown" not in plan["classes"]:
        yield LIMITS["unknown"]
    shares = results.get("predicted_shares", {})
    rare = [literal(name) for name, share in shares.items() if share < HARDLY / len(shares) and name != "unknown"]
    if rare:
        yield f"Hardly predicted on the target, missing there or not recognised: {', '.join(rare)}."
    yield LIMITS["domain" if "target" in facts.data else "no target"]
    yield LIMITS["confidence" if "evaluation" in results else "confidence unmeasured"]
    yield LIMITS["seed"]
