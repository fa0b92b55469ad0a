"""What the log of a training says of its health, without any label of the target; no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence

from synthda.adapt.metrics_log import Entry

LEAST_LINES = 10
"""Of the log: less is too little to say anything."""
FEW, LATE = 0.05, 0.5
"""Less than this share of the photographs is sure enough to teach, until after this progress: that is told."""
UNLEARNT, FALLING = 0.3, 0.85
"""Label loss in the last tenth, nats, and its share of that before the last quarter: above the one and below the other,
the source is not learnt yet."""
STRENGTH = "weight of the adversary (lambda_max, domain_weight, iw_lambda or adversarial_rate: see `synthda methods`)"


def health(entries: Sequence[Entry]) -> str | None:
    """One line of advice on a training, from the lines of its log, or None: on the method, or else on the source."""
    return method_health(entries) or source_health(entries)


def method_health(entries: Sequence[Entry]) -> str | None:
    """Whether a domain classifier is at one of its two dead ends, or pseudo-labels came late or never."""
    if len(entries) < LEAST_LINES:
        return None
    advice = [_dead_end(entries[-LEAST_LINES:], accuracy) for accuracy in _named(entries, "domain_accuracy")]
    advice += [_unsure(entries, sure) for sure in _named(entries, "sure")]
    return next((line for line in advice if line is not None), None)


def source_health(entries: Sequence[Entry]) -> str | None:
    """Whether the label loss is high at the end, and still falls."""
    if len(entries) < LEAST_LINES:
        return None
    before, last = (_mean_label_loss(entries, *between) for between in ((0.65, 0.75), (0.9, 1.0)))
    if before is None or last is None or last <= UNLEARNT or last >= FALLING * before:
        return None
    return (
        f"The label loss still fell at the end, from {before:.2f} to {last:.2f} in the last quarter: the source is not "
        "learnt yet. More --steps may gain more than another method would."
    )


def _named(entries: Sequence[Entry], term: str) -> list[str]:
    """The names under which the last lines have a term: of a combination, `METHOD/TERM`."""
    names = dict.fromkeys(name for entry in entries[-LEAST_LINES:] for name in entry)
    return [name for name in names if name == term or name.endswith(f"/{term}")]


def _dead_end(recent: Sequence[Entry], accuracy: str) -> str | None:
    loss = accuracy.removesuffix("_accuracy")
    if not all(accuracy in entry and loss in entry for entry in recent):
        return None
    if all(entry[accuracy] > 0.99 for entry in recent):
        return (
            "The domain classifier tells source from target without error: the features are not aligned. "
            f"Try a smaller learning rate, or a larger {STRENGTH}."
        )
    if all(abs(entry[loss] - math.log(2)) < 0.005 and entry[accuracy] < 0.6 for entry in recent):
        # of more than two domains, ln 2 is no chance level
        return (
            "The domain loss sits at ln 2: the domains are aligned perfectly, or the features have collapsed. "
            f"If accuracy is poor, try a smaller {STRENGTH}."
        )
    return None


def _unsure(entries: Sequence[Entry], sure: str) -> str | None:
    steps = entries[-1]["step"]
    began = next((entry["step"] for entry in entries if entry.get(sure, 0.0) >= FEW), None)
    if began is not None and began <= LATE * steps:
        return None
    until = "In the whole training" if began is None else f"In the first {began:,.0f} of {steps:,.0f} steps"
    return (
        f"{until}, hardly a photograph was sure enough of a class to be its pseudo-label, and these taught nothing. "
        "Give more --steps, or ask less confidence (see `synthda methods`)."
    )


def _mean_label_loss(entries: Sequence[Entry], after: float, until: float) -> float | None:
    """Between two shares of the training; None where the log has no line of it."""
    steps = entries[-1]["step"]
    losses = [
        entry["label"] for entry in entries if "label" in entry and after * steps < entry["step"] <= until * steps
    ]
    return sum(losses) / len(losses) if losses else None
