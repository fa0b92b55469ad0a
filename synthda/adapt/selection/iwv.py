"""Importance-weighted validation (Sugiyama et al. 2007, JMLR), in the features (DEV: You et al. 2019, ICML)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.selection.validation import Floats, Validation

LEAST = 4
MOST_LOG = 30.0
"""Of a weight: beyond, e^x loses its meaning before it overflows."""
LEAST_VARIANCE = 1e-6
"""Of the weights: below, they differ by where the fits of the two halves stopped, which says nothing of the images."""


def iwv(validation: Validation) -> float:
    """Accuracy on held-out source images that count as much as the target has images like them.

    The loss is 0 or 1, so that the score estimates the target's accuracy; it may leave [0, 1]. It holds where target
    and source differ in which images are frequent, not in how they are labelled.
    """
    weights = importance(validation.features_s, validation.features_t)
    return controlled_mean(validation.right_s.astype(np.float64), weights)


def controlled_mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Mean of w·v, corrected by how far the mean weight is from its expectation 1 (the control variate of DEV).

    mean(w·v) + η (mean(w) − 1) with η = −Cov(w·v, w) / Var(w); where the weights hardly vary, η is 0.
    """
    weighted, variance = weights * values, float(weights.var())
    if variance < LEAST_VARIANCE:
        return float(weighted.mean())
    eta = -float(((weighted - weighted.mean()) * (weights - weights.mean())).mean()) / variance
    return float(weighted.mean() + eta * (weights.mean() - 1.0))


def importance(features_s: Floats, features_t: Floats, *, seed: int = 0) -> NDArray[np.float64]:
    """(n_s,) density of the target over that of the source at each source image, from a linear domain classifier.

    w = n_s / n_t · P(target | f) / P(source | f). The classifier that weighs one half of the images has learnt on the
    other: one that has seen an image is too sure of its domain. (You et al. fit it on training images, whose features
    lie elsewhere than those of unseen ones.) Its ridge draws the weights towards 1, which keeps a few of them from
    deciding alone. All 1 with fewer than four images of a domain.
    """
    if min(len(features_s), len(features_t)) < LEAST:
        return np.ones(len(features_s))
    rng = np.random.default_rng(seed)
    half_s, half_t = (rng.permutation(len(features)) % 2 for features in (features_s, features_t))
    weights = np.empty(len(features_s))
    for half in (0, 1):
        learnt = features_s[half_s != half], features_t[half_t != half]
        weights[half_s == half] = _density_ratio(*learnt, features_s[half_s == half])
    return weights


def _density_ratio(learnt_s: Floats, learnt_t: Floats, at: Floats) -> NDArray[np.float64]:
    from sklearn.linear_model import LogisticRegression

    learnt = np.concatenate([learnt_s, learnt_t]).astype(np.float64)
    mean, deviation = learnt.mean(axis=0), learnt.std(axis=0)
    deviation = np.where(deviation > 1e-8, deviation, 1.0)
    domains = np.repeat([0, 1], [len(learnt_s), len(learnt_t)])
    classifier = LogisticRegression(C=0.01, max_iter=500).fit((learnt - mean) / deviation, domains)
    log_odds = classifier.decision_function((at - mean) / deviation)
    ratio: NDArray[np.float64] = len(learnt_s) / len(learnt_t) * np.exp(np.clip(log_odds, -MOST_LOG, MOST_LOG))
    return ratio
