"""How sure a share is, such as an accuracy: intervals of 95 %."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
Z = 1.959964
"""Of a normal distribution, 95 % lie within so many standard deviations."""


def bootstrap_interval(
    right: NDArray[np.bool_], groups: NDArray[np.int64] | None = None, *, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile interval of the mean of `right` (n,), resampling images or whole groups 2,000 times.

    Without groups, the right ones among n images drawn with replacement are binomial: they are drawn as that, at once.
    Where all are right, or none is, all resamples are the same and say nothing of other images: then it is Wilson's.
    """
    draws = len(right) if groups is None else len(np.unique(groups))
    if right.all() or not right.any():
        return wilson_interval(draws if right.all() else 0, draws)
    rng = np.random.default_rng(seed)
    if groups is None:
        means = rng.binomial(len(right), right.mean(), RESAMPLES) / len(right)
    else:
        _, group = np.unique(groups, return_inverse=True)
        hits, sizes = np.bincount(group, weights=right), np.bincount(group)
        drawn = (rng.integers(0, draws, draws) for _ in range(RESAMPLES))
        means = np.array([hits[some].sum() / sizes[some].sum() for some in drawn])
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def wilson_interval(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share of n draws (Wilson 1927, J. Am. Stat. Assoc. 22): it keeps to [0, 1] and to small n."""
    share, z2 = hits / n, Z**2 / n
    centre = (share + z2 / 2) / (1 + z2)
    half = Z / (1 + z2) * math.sqrt(share * (1 - share) / n + z2 / (4 * n))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
