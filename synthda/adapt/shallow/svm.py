"""A linear support vector machine on the source alone: the baseline of Ganin et al. 2016 (JMLR 17, section 5.1)."""

from __future__ import annotations

from typing import Annotated, Self

from synthda.adapt.shallow.classifiers import build_classifier, check_classes
from synthda.adapt.shallow.estimator import Labels, Rows, Shallow
from synthda.settings import Between


class SVM(Shallow):
    """A linear support vector machine that sees the source alone; sparse rows stay sparse."""

    def __init__(self, *, c: Annotated[float, "C, how much an error costs", Between(1e-9)] = 1.0) -> None:
        self.c = c

    def fit(self, source: Rows, labels: Labels, target: Rows) -> Self:
        check_classes(labels)
        self._fitted = build_classifier("svm", self.c).fit(source, labels)
        return self

    def predict(self, rows: Rows) -> Labels:
        found: Labels = self._fitted.predict(rows)
        return found
