"""Soft neighbourhood density (Saito et al. 2021, ICCV, "Tune it the right way")."""

from __future__ import annotations

import numpy as np

from synthda.adapt.selection.entropy import entropies
from synthda.adapt.selection.validation import Validation

TEMPERATURE = 0.05
BLOCK = 512
"""Rows of the similarity matrix at once: memory grows with the number of images, not with its square."""


def snd(validation: Validation) -> float:
    """Mean entropy, in nats, of each target image's softmax over its similarity to the others.

    Similarities are cosines of the predictions, as the paper takes them, at temperature .05. At most ln(n − 1), where
    all images are neighbours of all: predictions that are all alike, collapsed or not yet learnt, please it too. 0 for
    fewer than two images.
    """
    p = validation.probabilities_t.astype(np.float64)
    n = len(p)
    if n < 2:
        return 0.0
    unit = p / np.linalg.norm(p, axis=1, keepdims=True)
    total = 0.0
    for first in range(0, n, BLOCK):
        similar = unit[first : first + BLOCK] @ unit.T / TEMPERATURE
        rows = np.arange(len(similar))
        similar[rows, first + rows] = -np.inf  # an image is no neighbour of itself
        chances = np.exp(similar - similar.max(axis=1, keepdims=True))
        total += entropies(chances / chances.sum(axis=1, keepdims=True)).sum()
    return float(total / n)
