"""Sure and diverse predictions: their nuclear norm (Cui et al. 2020, CVPR; to validate: Musgrave et al. 2022)."""

from __future__ import annotations

import numpy as np

from synthda.adapt.selection.validation import Validation


def bnm(validation: Validation) -> float:
    """‖P‖_* of the target's predictions P (n, K), divided by √(n · min(n, K)), the most that it can be.

    1 for certain predictions that fall on all classes alike; all on one class, 1 / √min(n, K).
    """
    p = validation.probabilities_t.astype(np.float64)
    return float(np.linalg.norm(p, "nuc") / np.sqrt(len(p) * min(p.shape)))
