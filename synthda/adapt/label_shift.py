"""The shares of the classes in a target without labels, by a classifier's mistakes on the source.

Lipton et al. 2018 (ICML); under constraints as in Tachet des Combes et al. 2020 (NeurIPS).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

STRICT = 1e4
"""How much more an error of the sum of the shares counts than one of a share."""


def target_shares(by_class: NDArray[Any], predicted: NDArray[Any]) -> NDArray[np.float64]:
    """(classes,) P_t(y), sum 1, that explain the target's predictions best; 0 where the source lacks a class.

    A classifier that errs on the target as it does on the source predicts there Σ_y P_t(y) E_s[h | y] on average.

    Args:
        by_class: (classes, classes): row y is the sum of the probabilities predicted on the source's images of class y.
        predicted: (classes,): their sum on the target's.
    """
    counts = by_class.sum(axis=1)
    shown = counts > 0
    given = by_class[shown] / counts[shown, None]
    # min_q ‖μ̂ − Σ_y q_y E_s[h | y]‖² with q ≥ 0, Σ q = 1: the paper's program in q = w · P_s, where wᵀ P_s = 1.
    rows = np.vstack([given.T, np.full(len(given), STRICT)])
    found, _ = nnls(rows, np.append(predicted / predicted.sum(), STRICT))
    shares = np.zeros(len(counts))
    shares[shown] = found / found.sum()
    return shares
