"""How much more frequent a class is in the target than in the source, by a classifier's mistakes on the source.

Lipton et al. 2018 (ICML); under constraints as in Tachet des Combes et al. 2020 (NeurIPS).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

STRICT = 1e4
"""How much more an error of the sum of the shares counts than one of a share."""


def class_ratios(by_class: NDArray[Any], predicted: NDArray[Any]) -> NDArray[np.float64]:
    """(classes,): w_y = P_t(y) / P_s(y) that explain the target's predictions best; 1 where the source lacks a class.

    A classifier that errs on the target as it does on the source predicts there Σ_y P_t(y) E_s[h(x) | y] on average.

    Args:
        by_class: (classes, classes): row y is the sum of the probabilities predicted on the source's images of class y.
        predicted: (classes,): their sum on the target's.
    """
    counts = by_class.sum(axis=1)
    shown = counts > 0
    given = by_class[shown] / counts[shown, None]
    # min_q ‖μ̂ − Σ_y q_y E_s[h | y]‖² with q ≥ 0, Σ q = 1: the paper's program in q = w · P_s, where wᵀ P_s = 1.
    rows = np.vstack([given.T, np.full(len(given), STRICT)])
    shares, _ = nnls(rows, np.append(predicted / predicted.sum(), STRICT))
    ratios = np.ones(len(counts))
    ratios[shown] = shares / shares.sum() / (counts[shown] / counts.sum())
    return ratios
