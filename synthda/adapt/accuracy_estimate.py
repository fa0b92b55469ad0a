"""Accuracy on the target without its labels: average thresholded confidence (ATC: Garg et al. 2022, ICLR)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.selection.entropy import entropies
from synthda.adapt.selection.validation import Validation

WHAT = "average thresholded confidence (Garg et al. 2022): an estimate without labels of the target"


def thresholded_confidence(
    sure_s: NDArray[np.float64], right_s: NDArray[np.bool_], sure_t: NDArray[np.float64]
) -> float:
    """Share of the target that is surer than the threshold above which the source has a share equal to its accuracy.

    Args:
        sure_s, sure_t: (n_s,), (n_t,) any score that rises with confidence; n_s, n_t ≥ 1.
        right_s: (n_s,) whether each source image is recognised.

    Of images that lie on the threshold exactly, the share that the source needs counts: with the source as the
    target, the estimate is its accuracy, whatever scores are equal.
    """
    wanted = int(right_s.sum())
    if wanted == 0:
        return 0.0
    threshold = np.sort(sure_s)[len(sure_s) - wanted]
    above = int((sure_s > threshold).sum())
    on_it = (wanted - above) / int((sure_s == threshold).sum())
    return float((sure_t > threshold).mean() + on_it * (sure_t == threshold).mean())


def estimated_accuracy(validation: Validation) -> dict[str, Any]:
    """The estimate for the target, with what it rests on; the score is the negative entropy of a prediction.

    Of the paper's two scores that one does not round to 1 in single precision where a network is very sure.
    """
    sure_s, sure_t = (-entropies(p) for p in (validation.probabilities_s, validation.probabilities_t))
    return {
        "value": thresholded_confidence(sure_s, validation.right_s, sure_t),
        "by": WHAT,
        "source_accuracy": float(validation.right_s.mean()),
        "source_images": len(sure_s),
        "target_images": len(sure_t),
    }
