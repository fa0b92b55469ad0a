"""What a rule may look at: a candidate's answers on held-out source images and on unlabelled target images."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.distance import MOST, some_of, some_rows
from synthda.adapt.infer import features_and_probabilities
from synthda.adapt.method import Method
from synthda.datasets.domain import ArrayImages, Domain, Images, in_memory

MOST_ESTIMATING = 10_000
Floats = NDArray[np.float32] | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Validation:
    """A candidate's answers. There is no field for labels of the target.

    Attributes:
        features_t: (n_t, d) features of target images, n_t ≥ 1.
        probabilities_t: (n_t, K) of the same images.
        features_s, probabilities_s: as above of source images that the training has not seen; no rows where none were
            held out.
        labels_s: (n_s,) int64 of those.
    """

    features_t: Floats
    probabilities_t: Floats
    features_s: Floats
    probabilities_s: Floats
    labels_s: NDArray[np.int64]

    @property
    def right_s(self) -> NDArray[np.bool_]:
        """(n_s,) whether each held-out source image is recognised."""
        right: NDArray[np.bool_] = self.probabilities_s.argmax(axis=1) == self.labels_s
        return right


@dataclass(frozen=True, eq=False)
class Probe:
    """The images that every candidate of a run is asked about, at most 2,000 of each domain, chosen once.

    Attributes:
        target: unlabelled.
        held_out: labelled source images that the training has not seen, or None.
        estimating: more of these, at most 10,000, from which the accuracy of what is deployed is estimated.
    """

    target: Images
    held_out: Domain | None
    estimating: Domain | None

    @property
    def content(self) -> str:
        """A hash of the target images, by which a choice that was made with them is known again."""
        return hashlib.blake2b(in_memory(self.target).tobytes(), digest_size=16).hexdigest()

    @classmethod
    def of(cls, target: Images, held_out: Domain | None) -> Probe:
        chosen, more = (
            None if held_out is None else held_out.rows(some_rows(len(held_out), most=most))
            for most in (MOST, MOST_ESTIMATING)
        )
        return cls(ArrayImages(some_of(target)), chosen, more)

    def by(self, method: Method) -> Validation:
        """What `method` says of them."""
        features_t, probabilities_t = features_and_probabilities(method, self.target)
        if self.held_out is None:
            none = (features_t[:0], probabilities_t[:0], np.empty(0, dtype=np.int64))
            return Validation(features_t, probabilities_t, *none)
        shown_s = features_and_probabilities(method, self.held_out.images)
        return Validation(features_t, probabilities_t, *shown_s, self.held_out.labels)
