"""The classifiers that follow an alignment of features."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from synthda.adapt.shallow.estimator import Labels
from synthda.errors import SettingError

Classifier = Literal["1-nn", "svm"]


def build_classifier(name: Classifier, c: float) -> Any:
    """A scikit-learn classifier: the nearest source row, or a linear support vector machine with penalty `c`."""
    if name == "1-nn":
        from sklearn.neighbors import KNeighborsClassifier

        return KNeighborsClassifier(n_neighbors=1)
    from sklearn.svm import LinearSVC

    return LinearSVC(C=c, random_state=0, max_iter=10_000)


def check_classes(labels: Labels) -> None:
    """Refuse labels from which nothing can be learnt.

    Raises:
        SettingError: where all rows are of one class.
    """
    if len(np.unique(labels)) < 2:
        raise SettingError("All source rows have the same label; a classifier needs at least two classes.")
