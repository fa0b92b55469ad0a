"""The honest score of a classifier: accuracy with its interval, recall per class, confusion, calibration."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.intervals import bootstrap_interval
from synthda.datasets.domain import UNKNOWN, UNLABELLED
from synthda.errors import DataError

BINS = 15
ROUNDING = 1e-4
"""By which equal logits may differ."""


@dataclass(frozen=True)
class Evaluation:
    """Scores on n labelled images.

    Attributes:
        n: how many images.
        accuracy: share of right answers.
        interval: 95 % bootstrap interval of the accuracy, over images or over groups of them; Wilson's where all are
            right, or none is.
        recall: by class name, share of the class's images that are recognised; None where there are none.
        mean_recall: average of `recall` over the classes that occur.
        confusion: [true][predicted] counts, (K, K).
        calibration_error: expected difference between confidence and accuracy over 15 equal bins (Guo et al. 2017).
        unknown_auroc: area under the curve of telling images of no class from the others, at any threshold; None where
            the model has no class `unknown`, or the images are all of one kind.
        known_accuracy: of images of known classes, were `unknown` no answer; None where it is none, or there are none.
    """

    n: int
    accuracy: float
    interval: tuple[float, float]
    recall: dict[str, float | None]
    mean_recall: float
    confusion: list[list[int]]
    calibration_error: float
    unknown_auroc: float | None = None
    known_accuracy: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.accuracy:.4f} (n = {self.n}, 95 % interval {low:.4f}…{high:.4f})"


def evaluate(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
    *,
    groups: NDArray[np.int64] | None = None,
) -> Evaluation:
    """Score class probabilities (n, K) against labels (n,); images labelled −1 are left out.

    Args:
        groups: (n,) ids of images that are no independent draws, such as frames of one track; the bootstrap then
            draws whole groups.

    Raises:
        DataError: when no image has a label.
    """
    known = labels != UNLABELLED
    if not known.any():
        raise DataError("None of the images has a label; evaluate on a folder with one sub-folder per class.")
    probabilities, labels = probabilities[known], labels[known]
    predicted = probabilities.argmax(axis=1)
    right = predicted == labels
    pairs = labels * len(classes) + predicted
    confusion = np.bincount(pairs, minlength=len(classes) ** 2).reshape(len(classes), len(classes))
    totals = confusion.sum(axis=1)
    recalls = {name: float(confusion[k, k] / totals[k]) if totals[k] else None for k, name in enumerate(classes)}
    return Evaluation(
        n=len(labels),
        accuracy=float(right.mean()),
        interval=bootstrap_interval(right, None if groups is None else groups[known]),
        recall=recalls,
        mean_recall=float(np.mean([recall for recall in recalls.values() if recall is not None])),
        confusion=confusion.tolist(),
        calibration_error=calibration_error(probabilities.max(axis=1), right),
        unknown_auroc=_unknown_auroc(probabilities, labels) if classes[-1] == UNKNOWN else None,
        known_accuracy=_known_accuracy(probabilities, labels) if classes[-1] == UNKNOWN else None,
    )


def calibration_error(confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """Σ_b n_b/n · |accuracy_b − confidence_b| over equal bins of the confidence (Guo et al. 2017, eq. 3)."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    gaps = np.abs(np.bincount(bins, right, BINS) - np.bincount(bins, confidence, BINS))
    return float(gaps[counts > 0].sum() / len(right))


def _known_accuracy(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float | None:
    """The last class is `unknown`."""
    known = labels < probabilities.shape[1] - 1
    return float((probabilities[known, :-1].argmax(axis=1) == labels[known]).mean()) if known.any() else None


def _unknown_auroc(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float | None:
    """How well the probability of the last class, `unknown`, ranks its images first; None where one kind is missing."""
    foreign = labels == probabilities.shape[1] - 1
    if foreign.all() or not foreign.any():
        return None
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(foreign, _strangeness(probabilities)))


def _strangeness(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """A number that grows with how little an image looks like any class, from probabilities (n, K + 1).

    The logit of `unknown`, −E in the terms of Liu et al. (2020, "Energy-based out-of-distribution detection"): its
    probability is the same number for all images that a softmax is quite sure of. Where it is a threshold on the
    largest probability, and so the same for all, the latter (Hendrycks & Gimpel 2017, "A baseline for detecting
    misclassified and out-of-distribution examples in neural networks").
    """
    logit, known = logit_of_unknown(probabilities), probabilities[:, :-1]
    shares = known.max(axis=1) / np.maximum(known.sum(axis=1), np.finfo(np.float32).tiny)
    return -shares if np.ptp(logit) < ROUNDING else logit


def logit_of_unknown(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """ln p/(1 − p) of the last class, `unknown`, (n,), from probabilities (n, K + 1); finite though one is rounded."""
    tiny = np.finfo(np.float32).tiny
    against, known = probabilities[:, -1], probabilities[:, :-1].sum(axis=1)
    return np.asarray(np.log(np.maximum(against, tiny)) - np.log(np.maximum(known, tiny)))


def gap_closed(source_only: float, adapted: float, oracle: float, *, least_gap: float = 0.05) -> float | None:
    """(adapted − source only) / (oracle − source only); None where the gap is too small to be divided by."""
    gap = oracle - source_only
    return (adapted - source_only) / gap if gap >= least_gap else None
