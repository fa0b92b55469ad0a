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
RIDGE = 0.1
"""How much a share counts that moves away from the former one: it decides where predictions tell no classes apart."""


def target_shares(by_class: NDArray[Any], predicted: NDArray[Any], former: NDArray[Any]) -> NDArray[np.float64]:
    """(classes,) P_t(y), sum 1, that explain the target's predictions best; as before where there is no source image.

    A classifier that errs on the target as it does on the source predicts there Σ_y P_t(y) E_s[h | y] on average.

    Args:
        by_class: (classes, classes): row y is the sum of the probabilities predicted on source images of class y.
        predicted: (classes,): their sum on the target's.
        former: (classes,): the shares as they are taken to be.
    """
    counts = by_class.sum(axis=1)
    shown = counts > 0
    given = by_class[shown] / counts[shown, None]
    shares: NDArray[np.float64] = former / former.sum()
    rest = shares[shown].sum()
    # min_q ‖μ̂ − Σ_y q_y E_s[h | y]‖² with q ≥ 0, Σ q = 1: the paper's program in q = w · P_s, where wᵀ P_s = 1.
    rows = np.vstack([given.T, np.full(len(given), STRICT), RIDGE * np.eye(len(given))])
    found, _ = nnls(rows, np.concatenate([predicted / predicted.sum(), [STRICT], RIDGE * shares[shown] / rest]))
    shares[shown] = rest * found / found.sum()
    return shares
