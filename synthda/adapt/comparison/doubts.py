"""What speaks against the order of a pair's rows, where something does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt

from scipy.stats import t

from synthda.adapt.comparison.rows import Row
from synthda.adapt.estimate_doubts import LEARNT

APART = 0.1
"""Between the figures of two seeds: more, and a method is not to be trusted."""


def doubts_about(rows: Sequence[Row]) -> Iterator[str]:
    """A sentence each, of a pair's ranked rows."""
    yield from _about_first(rows[0]) if rows else ()
    for row in rows:
        figures = row.by_seed.values()
        apart = max(figures, default=0.0) - min(figures, default=0.0)
        if apart > APART:
            points = f"{100 * apart:.0f} points"
            yield f"The seeds of {row.method} lie {points} apart: it is not to be trusted, whatever its mean."
    held_out = {row.method: row.held_out_accuracy for row in rows if row.blind}
    unlearnt = [method for method, accuracy in held_out.items() if accuracy is not None and accuracy < LEARNT]
    if unlearnt:
        yield (
            f"Less than {LEARNT:.0%} of the held-out source images are recognised by {', '.join(unlearnt)}: the source "
            "is not learnt yet, and no estimate is to be trusted. Give more --steps."
        )


def _about_first(row: Row) -> Iterator[str]:
    """Whether it is told from source-only, by the t interval of the differences seed by seed."""
    if row.gain is None:
        return
    (mean, deviation), count = row.gain, row.gain_seeds
    if deviation is None:
        yield f"{row.method} stands first by one seed: another may have another order. Give --seeds 3."
        return
    half = float(t.ppf(0.975, count - 1)) * deviation / sqrt(count)
    if mean <= half:
        low, high = 100 * (mean - half), 100 * (mean + half)
        yield (
            f"{row.method} is not told from source-only: {100 * mean:+.1f} points, 95 % interval {low:+.1f} to "
            f"{high:+.1f}, over {count} seeds."
        )
