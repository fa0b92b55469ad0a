"""Marginalised stacked denoising autoencoders (Chen et al. 2012, ICML): features that survive missing words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from synthda.adapt.shallow.estimator import MOST_VALUES, Rows, check_width, dense
from synthda.errors import SettingError
from synthda.settings import Between

BLOCK = 2048
"""Rows that pass through the layers at a time."""
LARGEST = 1e12
"""Of a value: in float32, sums of squares of larger ones overflow."""


class MSDA:
    """Linear denoisers in closed form, each followed by tanh, stacked; learnt on all rows, no labels."""

    def __init__(
        self,
        *,
        layers: Annotated[int, "denoisers on top of each other", Between(1, 50)] = 5,
        corruption: Annotated[float, "chance that a feature is set to 0", Between(0.001, 0.999)] = 0.5,
        ridge: Annotated[float, "η, what is added to the diagonal of Q", Between(0)] = 1e-5,
        precision: Annotated[Literal["float32", "float64"], "of the equations; the first is twice as fast"] = "float32",
    ) -> None:
        self.layers, self.corruption, self.ridge = layers, corruption, ridge
        self.precision = np.dtype(precision)
        self.weights: list[NDArray[Any]] = []

    def fit_transform(self, rows: Rows) -> NDArray[Any]:
        """Learn the layers from rows (n, d) of both domains, and give these rows' features (n, d · (layers + 1)).

        The features are the input and what each layer gives, side by side. A layer needs three matrices d × d.

        Raises:
            SettingError: for too many features or values that are too large, or where the equations have no unique
                solution.
        """
        check_width(rows.shape[1], of="mSDA")
        features, width = self._begin(rows)
        self.weights = []
        for layer in range(1, self.layers + 1):
            below = features[:, (layer - 1) * width : layer * width]
            self.weights.append(denoiser(below, self.corruption, self.ridge))
            _pass(below, self.weights[-1], features[:, layer * width : (layer + 1) * width])
        return features

    def transform(self, rows: Rows) -> NDArray[Any]:
        """Features of other rows (n, d) by the layers as they are learnt: (n, d · (layers + 1))."""
        features, width = self._begin(rows)
        for layer, weights in enumerate(self.weights, start=1):
            below = features[:, (layer - 1) * width : layer * width]
            _pass(below, weights, features[:, layer * width : (layer + 1) * width])
        return features

    def _begin(self, rows: Rows) -> tuple[NDArray[Any], int]:
        count, width = rows.shape
        if count * width * (self.layers + 1) > MOST_VALUES:
            raise SettingError(
                f"{count:,} rows of {width:,} features are too many for mSDA with layers={self.layers}, whose features "
                "are as many for each layer; leave out rare features, or give fewer layers."
            )
        features = np.empty((count, width * (self.layers + 1)), self.precision)
        with np.errstate(over="ignore"):
            for first in range(0, count, BLOCK):
                features[first : first + BLOCK, :width] = dense(rows[first : first + BLOCK])
        if not np.abs(features[:, :width]).max(initial=0) < LARGEST:
            raise SettingError(
                f"mSDA sums squares of the values, and some are beyond {LARGEST:g}; give --normalise z-score."
            )
        return features, width


def denoiser(rows: NDArray[Any], corruption: float, ridge: float) -> NDArray[Any]:
    """W (d, d + 1) that best gives rows (n, d) back from all their corruptions; the last column is the bias.

    W = P (Q + ηI)⁻¹ with P = E[x x̃ᵀ] and Q = E[x̃ x̃ᵀ], summed over the rows, x̃ being x with the constant 1 appended
    and each feature but that set to 0 with probability `corruption` (section 3.2 of the paper).

    Raises:
        SettingError: where Q + ηI has no Cholesky factor.
    """
    scatter = _scatter(rows)
    kept = np.full(len(scatter), 1 - corruption, scatter.dtype)
    kept[-1] = 1  # the constant is never corrupted
    p_transposed = kept[:, None] * scatter[:, :-1]
    diagonal = np.diag_indices_from(scatter)
    q_diagonal = scatter[diagonal] * kept + ridge
    scatter *= kept[:, None]
    scatter *= kept
    scatter[diagonal] = q_diagonal
    # Rare words have a far smaller diagonal than frequent ones. Cholesky is indifferent to such scales, and scaled to
    # a unit diagonal Q has no eigenvalue below the corruption: single precision is enough.
    try:
        factor = cho_factor(scatter, lower=True, overwrite_a=True, check_finite=False)
    except LinAlgError as error:
        raise SettingError(
            f"mSDA's equations have no unique solution with corruption={corruption:g} and ridge={ridge:g}; "
            "give a larger ridge, or precision=float64."
        ) from error
    solved: NDArray[Any] = cho_solve(factor, p_transposed, overwrite_b=True, check_finite=False)
    return np.ascontiguousarray(solved.T)


def _scatter(rows: NDArray[Any]) -> NDArray[Any]:
    """(d + 1, d + 1): Σ x xᵀ, with the constant 1 appended to each x."""
    width = rows.shape[1]
    found = np.empty((width + 1, width + 1), rows.dtype)
    np.matmul(rows.T, rows, out=found[:-1, :-1])
    found[-1, :-1] = found[:-1, -1] = rows.sum(axis=0)
    found[-1, -1] = len(rows)
    return found


def _pass(below: NDArray[Any], weights: NDArray[Any], above: NDArray[Any]) -> None:
    """Write tanh(W x) of every row x of `below` into `above`, both (n, d)."""
    for first in range(0, len(below), BLOCK):
        part = below[first : first + BLOCK] @ weights[:, :-1].T + weights[:, -1]
        np.tanh(part, out=above[first : first + BLOCK])
