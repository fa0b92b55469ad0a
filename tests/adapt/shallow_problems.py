"""Feature vectors of two domains on which a method must beat the classifier of the source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.shallow.estimator import Shallow

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Domains:
    source: Array
    labels: Array
    target: Array
    truth: Array

    def accuracy(self, method: Shallow) -> float:
        """On the target's rows, of the method trained on the source and these rows."""
        return float((method.fit(self.source, self.labels, self.target).predict(self.target) == self.truth).mean())


def blobs(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """(n, 2) rows and labels −1 or 1: the first coordinate tells the class, the second is chance."""
    labels = rng.choice([-1, 1], n)
    return np.stack([2.0 * labels + 0.5 * rng.normal(size=n), rng.normal(size=n)], axis=1), labels


def rescaled(seed: int = 0, n: int = 200) -> Domains:
    """In the target, what tells the class is small and what is chance is large."""
    rng = np.random.default_rng(seed)
    (source, labels), (target, truth) = blobs(rng, n), blobs(rng, n)
    return Domains(source, labels, target * (0.2, 10.0), truth)


def turned(seed: int = 0, n: int = 200, width: int = 12) -> Domains:
    """The plane of the target's blobs is tilted by 50 degrees out of the source's, and moved."""
    rng = np.random.default_rng(seed)
    (source, labels), (target, truth) = blobs(rng, n), blobs(rng, n)
    basis = np.linalg.qr(rng.normal(size=(width, 4)))[0].T
    angle = np.radians(50)
    plane_t = np.cos(angle) * basis[:2] + np.sin(angle) * basis[2:]
    noise = 0.1 * rng.normal(size=(2, n, width))
    moved = target @ plane_t + 4 * basis[0]
    return Domains(source @ basis[:2] + noise[0], labels, moved + noise[1], truth)


def one_cue_moved(seed: int = 0, n: int = 400) -> Domains:
    """Two features tell the class, the first better; in the target that one is moved past the border."""
    rng = np.random.default_rng(seed)
    labels, truth = rng.choice([-1, 1], (2, n))
    noise = rng.normal(size=(2, n, 2)) * (0.3, 0.5)
    cues = np.array([1.5, 1.0])
    source, target = labels[:, None] * cues + noise[0], truth[:, None] * cues + noise[1]
    return Domains(source, labels, target + np.array([3.0, 0.0]), truth)
