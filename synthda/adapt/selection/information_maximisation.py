"""Sure and diverse predictions: regularised information maximisation (Krause et al. 2010, NeurIPS) as a measure."""

from __future__ import annotations

from synthda.adapt.selection.entropy import entropies
from synthda.adapt.selection.validation import Validation


def information_maximisation(validation: Validation) -> float:
    """H(mean p) − mean H(p) over the target, in nats: the mutual information of image and predicted class.

    At most ln K, for certain predictions that fall on all classes alike; 0 where all images get the same one.
    """
    p = validation.probabilities_t
    return float(entropies(p.mean(axis=0, keepdims=True, dtype="f8"))[0] - entropies(p).mean())
