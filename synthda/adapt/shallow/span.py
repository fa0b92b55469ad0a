"""Rows that are wider than they are many, in coordinates of the space that they span: nothing is lost but width."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

from synthda.adapt.shallow.estimator import check_products

JITTER = 1e-6
"""Of the mean squared length, added where rows repeat, so that they do not count as dependent."""

COLUMNS = 4096
"""Of which a copy in float64 is held at a time."""


class Span:
    """An orthonormal basis of what rows (n, d), d > n, span; inner products with and among these rows are kept.

    A linear map that is learnt from the rows by gradients, from weights in their span, never leaves it: a network or a
    support vector machine learns the same from n coordinates as from d features. The Gram matrix is G = L Lᵀ; the rows'
    own coordinates are L, those of other rows t solve L z = X t.
    """

    def __init__(self, rows: NDArray[Any]) -> None:
        check_products(*rows.shape, of="mSDA")
        self.rows = rows
        gram = _products(rows, rows)
        gram[np.diag_indices(len(gram))] += JITTER * max(np.trace(gram) / len(gram), 1e-30)
        self._factor = cholesky(gram, lower=True, overwrite_a=True, check_finite=False)

    @property
    def own(self) -> NDArray[Any]:
        """(n, n) coordinates of the rows."""
        found: NDArray[Any] = self._factor.astype(self.rows.dtype)
        return found

    def of(self, others: NDArray[Any]) -> NDArray[Any]:
        """(m, d) → (m, n) coordinates of their projections."""
        products = _products(self.rows, others)
        found: NDArray[Any] = solve_triangular(self._factor, products, lower=True, check_finite=False).T
        return np.ascontiguousarray(found, self.rows.dtype)


def _products(rows: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float64]:
    """(n, d), (m, d) → (n, m) inner products in float64, some columns at a time: float32 would round off the jitter."""
    found = np.zeros((len(rows), len(others)))
    for first in range(0, rows.shape[1], COLUMNS):
        some = slice(first, first + COLUMNS)
        found += rows[:, some].astype(np.float64) @ others[:, some].T.astype(np.float64)
    return found
