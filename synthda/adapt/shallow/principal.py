"""Principal directions of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from synthda.adapt.shallow.estimator import check_products


def principal_directions(rows: NDArray[Any], dimensions: int) -> NDArray[Any]:
    """(d, dimensions) orthonormal columns along which rows (n, d) vary most, the most first.

    `dimensions` is below n and at most d. Of the two matrices of products, d × d and n × n, the smaller is decomposed.

    Raises:
        SettingError: where both are too large.
    """
    check_products(*rows.shape, of="principal directions")
    centred = rows - rows.mean(axis=0)
    count, width = centred.shape
    if width <= count:
        directions = _largest(centred.T @ centred, dimensions)
    else:
        directions = centred.T @ _largest(centred @ centred.T, dimensions)
    # Where the rows span fewer dimensions than asked for, QR fills in arbitrary orthogonal ones.
    return np.linalg.qr(directions)[0]


def _largest(products: NDArray[Any], count: int) -> NDArray[Any]:
    """(m, m) symmetric → (m, count) eigenvectors of the largest eigenvalues, the largest first."""
    m = len(products)
    found: NDArray[Any] = eigh(products, subset_by_index=(m - count, m - 1))[1]
    return found[:, ::-1]
