"""Methods that map the features of both domains and leave the rest to a plain classifier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from synthda.adapt.shallow.classifiers import Classifier, build_classifier, check_classes
from synthda.adapt.shallow.estimator import Labels, Rows, Shallow, dense

Features = NDArray[Any]
"""(n, k) rows in the space where the classifier works."""

Mapped = tuple[Features, Callable[[Features], Features]]
"""Source rows (n_s, k), and how target rows (n, d) get there: (n, k)."""


class Aligned(Shallow):
    """A classifier on aligned features; a subclass says how to align."""

    baseline: ClassVar[str | None] = "none"

    def __init__(self, *, classifier: Classifier, c: float) -> None:
        self.classifier, self.c = classifier, c

    def align(self, source: Features, target: Features) -> Mapped:
        """Where source rows (n_s, d) lie, and how target rows get there; `check` has accepted their shapes."""
        raise NotImplementedError

    def fit(self, source: Rows, labels: Labels, target: Rows) -> Self:
        check_classes(labels)
        self.check(source.shape, target.shape)
        features, self._map = self.align(dense(source), dense(target))
        self._fitted = build_classifier(self.classifier, self.c).fit(features, labels)
        return self

    def predict(self, rows: Rows) -> Labels:
        found: Labels = self._fitted.predict(self._map(dense(rows)))
        return found
