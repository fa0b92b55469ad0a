"""Sure predictions: the entropy on the target (used to choose hyper-parameters by Morerio et al. 2018, ICLR)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from synthda.adapt.selection.validation import Floats, Validation


def entropy(validation: Validation) -> float:
    """−mean H(p) over the target, in nats: 0 where every prediction is certain, whatever it says."""
    return -float(entropies(validation.probabilities_t).mean())


def entropies(probabilities: Floats) -> NDArray[np.float64]:
    """(n, K) → (n,): −Σ p ln p in double precision, with 0 ln 0 = 0."""
    uncertain: NDArray[np.float64] = entr(probabilities.astype(np.float64)).sum(axis=1)
    return uncertain
