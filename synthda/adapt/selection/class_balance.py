"""Predictions that fall on all classes alike: the diversity half of information maximisation alone."""

from __future__ import annotations

import numpy as np

from synthda.adapt.selection.entropy import entropies
from synthda.adapt.selection.validation import Validation


def class_balance(validation: Validation) -> float:
    """H(shares) / ln K of the predicted classes on the target: 1 for equal shares, 0 for a single class.

    It assumes that the target's classes are balanced, and a balanced guesser pleases it: it tells collapse, no more.
    """
    p = validation.probabilities_t
    counts = np.bincount(p.argmax(axis=1), minlength=p.shape[1])
    return float(entropies(counts[None] / len(p))[0] / np.log(max(p.shape[1], 2)))
