"""Accuracy on the target without its labels: average thresholded confidence (ATC: Garg et al. 2022, ICLR)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.selection.entropy import entropies

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


def estimated_accuracy(
    probabilities_s: NDArray[np.float32], labels_s: NDArray[np.int64], probabilities_t: NDArray[np.float32]
) -> dict[str, Any]:
    """The estimate for the target, with what it rests on; the score is the negative entropy of a prediction.

    Of the paper's two scores that one does not round to 1 in single precision where a network is very sure.

    Args:
        probabilities_s: (n_s, K) of source images that the training has not seen. Many are needed where it recognises
            nearly all: the threshold is where as many lie below as are wrong.
        labels_s: (n_s,) of those.
        probabilities_t: (n_t, K) of target images.
    """
    sure_s, sure_t = (-entropies(p) for p in (probabilities_s, probabilities_t))
    right_s = probabilities_s.argmax(axis=1) == labels_s
    return {
        "value": thresholded_confidence(sure_s, right_s, sure_t),
        "by": WHAT,
        "source_accuracy": float(right_s.mean()),
        "source_images": len(sure_s),
        "target_images": len(sure_t),
    }
