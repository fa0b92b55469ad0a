"""What speaks against an accuracy that was estimated without labels, where something does; no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import sqrt
from typing import Any

LEARNT = 0.8
"""Share of held-out source images below which the source is not learnt: confidence then tells next to nothing."""

CHANCE = 0.01
"""By which two estimates have to differ before anything is made of it."""

DEVIATIONS = 2.0
"""By so many standard errors the target has to be above the source before that is odd."""


def doubts(estimate: Mapping[str, Any]) -> Iterator[str]:
    """A sentence each; `estimate` as `estimated_accuracy` makes it."""
    value, source = float(estimate["value"]), float(estimate["source_accuracy"])
    if source < LEARNT:
        yield (
            f"Of the held-out source images, {source:.0%} are recognised: the network has not learnt the source yet, "
            "and no estimate is to be trusted. Train longer first."
        )
    error = sqrt(
        source * (1 - source) / max(1, estimate["source_images"])
        + value * (1 - value) / max(1, estimate["target_images"])
    )
    if value > source + max(CHANCE, DEVIATIONS * error):
        yield (
            f"The estimate, {value:.2f}, is above what is right on the held-out source, {source:.2f}: photographs are "
            "rarely easier, so the network is more likely surer of them than it is right."
        )


def is_worse(own: Mapping[str, Any] | None, floor: Mapping[str, Any] | None) -> bool:
    """Whether, by two such estimates, adaptation has done harm; not where one is missing."""
    return bool(own and floor) and own["value"] < floor["value"] - CHANCE  # type: ignore[index]


def harm_told(method: str) -> str:
    """The sentence for that."""
    return (
        f"By these estimates source-only training does better than {method} here. Try another method; synthda compare, "
        "without --eval, ranks several by such estimates."
    )
