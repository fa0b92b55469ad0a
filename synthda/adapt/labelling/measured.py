"""What a person's labels say of a model: accuracy on photographs drawn at random, with its Wilson interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.intervals import wilson_interval
from synthda.adapt.predict import Classifier
from synthda.datasets.domain import UNKNOWN, UNLABELLED, labels_by_name
from synthda.datasets.label_file import open_labels, read_labels

ENOUGH = 10
"""Photographs of a class from which its recall says something: below, its interval spans half of what there is."""


def widest(n: int) -> float:
    """Half the width that the 95 % interval of an accuracy on n ≥ 1 photographs has at most: near .5."""
    low, high = wilson_interval(n // 2, n)
    return (high - low) / 2


@dataclass(frozen=True)
class Share:
    """`right` of `n` photographs."""

    n: int
    right: int

    @property
    def value(self) -> float:
        return self.right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval."""
        return wilson_interval(self.right, self.n)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"accuracy": self.value, "interval": self.interval}

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.4f}  (n = {self.n:,}, 95 % Wilson interval {low:.4f} to {high:.4f})"


@dataclass(frozen=True)
class Measured:
    """The score of a model on the measure queue of a label file.

    Attributes:
        all: photographs, those that are none of the classes among them: they are mistakes of a model that must choose
            a class, as they are where it is deployed, and right answers of one that says `unknown`.
        known: those of a known class; None where there is none.
        unknown: those that are none of the classes; None where there is none.
        recall: by class that occurs, in the model's order.
        left_out: photographs that the person skipped.
        skipped: a line for each photograph that is gone, changed or unreadable.
    """

    all: Share
    known: Share | None
    unknown: Share | None
    recall: dict[str, Share]
    left_out: int
    skipped: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        parts = {name: share and share.as_dict() for name, share in (("known", self.known), ("unknown", self.unknown))}
        recall = {name: share.as_dict() for name, share in self.recall.items()}
        return self.all.as_dict() | parts | {"recall": recall, "left_out": self.left_out, "skipped": list(self.skipped)}


def measure(classifier: Classifier, path: Path) -> Measured:
    """Ask a model for the photographs in the measure queue of the label file at `path`; the other is not read.

    Raises:
        DataError: when there is no label in that queue, or one of a class that the model does not know.
    """
    domain = open_labels(path, "measure", size=classifier.input_size, fit=classifier.fit)
    none_of_them = np.array([domain.classes[label] == UNKNOWN for label in domain.labels])
    of_classes = replace(domain, labels=np.where(none_of_them, UNLABELLED, domain.labels))
    classes = tuple(dict.fromkeys((*classifier.classes, UNKNOWN)))
    labels = np.where(none_of_them, classes.index(UNKNOWN), labels_by_name(of_classes, classifier.classes))
    skips = sum(made.label is None for made in read_labels(path).latest("measure").values())
    predicted = classifier.of_domain(domain.images).argmax(axis=1)
    return measured(predicted, labels, classes, left_out=skips, skipped=domain.skipped)


def measured(
    predicted: NDArray[np.int64],
    labels: NDArray[np.int64],
    classes: Sequence[str],
    *,
    left_out: int = 0,
    skipped: tuple[str, ...] = (),
) -> Measured:
    """Compare predictions (n,) with labels (n,), both indices into `classes`, of which one is `unknown`; n ≥ 1."""
    right, known = predicted == labels, labels != classes.index(UNKNOWN)

    def share(chosen: NDArray[np.bool_]) -> Share | None:
        return Share(int(chosen.sum()), int(right[chosen].sum())) if chosen.any() else None

    of_classes = {name: share(labels == k) for k, name in enumerate(classes) if name != UNKNOWN}
    return Measured(
        all=Share(len(labels), int(right.sum())),
        known=share(known),
        unknown=share(~known),
        recall={name: found for name, found in of_classes.items() if found},
        left_out=left_out,
        skipped=skipped,
    )
