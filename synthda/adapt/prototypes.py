"""Classes by their prototypes in feature space, beside those that a network was trained on; NumPy and SciPy only.

A class's prototype is the mean of the unit-length features of its pictures (Snell et al. 2017, NeurIPS, with cosines),
from which the mean over the known classes was taken first (Wang et al. 2019, arXiv 1911.04623).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from synthda.errors import DataError

Rows = NDArray[np.float32] | NDArray[np.float64]

SHARPEST, BLUNTEST, USUAL = 0.01, 1.0, 0.1
"""Range of the temperature of cosines, and what it is where no class has two images to find it by."""
SEEN = 0.5
"""Images, counted by their probabilities, below which a class has hardly been seen."""
LEAST_LENGTH = 1e-6


@dataclass(frozen=True, eq=False)
class Prototypes:
    """Which prototype is near decides between the known and the enrolled classes; the network, among the known.

    P(enrolled c | x) = q_c and P(known k | x) = (Σ over the known of q) · P(k | x, known), with q the softmax over the
    cosines of all prototypes, divided by a temperature, and the last factor what the network says.

    Attributes:
        centre: (D,) what is taken from all features.
        known, enrolled: (K, D) and (M, D), of unit length.
        temperature: of the cosines.
        threshold: whether the network's last class is `unknown` by a given threshold, t / (1 + t) for any image: that
            stays as it is, and all else shares the rest. Any other `unknown` counts as known, without a prototype.
    """

    centre: NDArray[np.float64]
    known: NDArray[np.float64]
    enrolled: NDArray[np.float64]
    temperature: float
    threshold: bool = False

    def units(self, features: Rows) -> NDArray[np.float64]:
        """(N, D) → (N, D): centred, of length 1."""
        return _of_length_1(features - self.centre)

    def adding(self, features: Rows) -> Prototypes:
        """With one more class: the mean of its pictures' features (n, D), as units."""
        row = _of_length_1(self.units(features).mean(axis=0, keepdims=True))
        return replace(self, enrolled=np.concatenate([self.enrolled, row]))

    def without(self, place: int) -> Prototypes:
        """With one enrolled class less."""
        return replace(self, enrolled=np.delete(self.enrolled, place, axis=0))

    def answers(self, features: Rows, probabilities: Rows) -> NDArray[np.float64]:
        """The network's features (N, D) and probabilities (N, K or K + 1) → all classes' probabilities.

        The enrolled come after the known, `unknown` is still the last.
        """
        cosines = self.units(features) @ np.concatenate([self.known, self.enrolled]).T
        chances = softmax(cosines / self.temperature, axis=1)[:, len(self.known) :]
        rest = 1 - chances.sum(axis=1, keepdims=True)
        known, unknown = np.split(np.asarray(probabilities, np.float64), [len(self.known)], axis=1)
        if self.threshold:
            return np.concatenate([rest * known, chances * (1 - unknown), unknown], axis=1)
        return np.concatenate([rest * known, chances, rest * unknown], axis=1)


def fitted(features: Rows, weights: Rows, *, threshold: bool = False) -> tuple[Prototypes, list[int]]:
    """Prototypes of the known classes alone, and which of these were hardly seen.

    Args:
        features: (n, D) of images of the known classes.
        weights: (n, K) how much each image counts for each class: its probabilities, or one label.
        threshold: as in `Prototypes`.

    Raises:
        DataError: when there is no image.
    """
    if len(features) == 0:
        raise DataError("There are no images of the known classes to compare with; give some with --known.")
    features, weights = np.asarray(features, np.float64), np.asarray(weights, np.float64)
    totals = weights.sum(axis=0)
    means = (weights.T @ features)[totals > 0] / totals[totals > 0, None]
    centre = means.mean(axis=0)  # of classes, so that a frequent one does not draw it
    units = _of_length_1(features - centre)
    known = _of_length_1(weights.T @ units)
    found = Prototypes(centre, known, np.empty((0, len(centre))), _temperature(units, weights), threshold)
    return found, np.flatnonzero(totals < SEEN).tolist()


def _temperature(units: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """By which cosines tell the classes with the least cross-entropy, each image left out of its own prototype."""
    labels, rows = weights.argmax(axis=1), np.arange(len(units))
    own = weights[rows, labels]
    sums = weights.T @ units
    cosines = units @ _of_length_1(sums).T
    left = _of_length_1(sums[labels] - own[:, None] * units)
    cosines[rows, labels] = (units * left).sum(axis=1)
    usable = (weights.sum(axis=0)[labels] - own >= SEEN) & (own > SEEN)
    if not usable.any() or weights.shape[1] < 2:
        return USUAL
    cosines, labels = cosines[usable], labels[usable]

    def cross_entropy(log_temperature: float) -> float:
        scaled = log_softmax(cosines / np.exp(log_temperature), axis=1)
        return float(-scaled[np.arange(len(labels)), labels].mean())

    found = minimize_scalar(cross_entropy, bounds=(np.log(SHARPEST), np.log(BLUNTEST)), method="bounded")
    return float(np.exp(found.x))


def _of_length_1(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows (n, D) divided by their lengths; an even picture may have none."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    divided: NDArray[np.float64] = rows / np.maximum(lengths, LEAST_LENGTH)
    return divided
