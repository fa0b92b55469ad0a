"""Transfer component analysis (Pan et al. 2011, IEEE Transactions on Neural Networks 22)."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from scipy.linalg import eigh

from synthda.adapt.shallow.aligned import Aligned, Features, Mapped
from synthda.adapt.shallow.classifiers import Classifier
from synthda.adapt.shallow.estimator import Shape
from synthda.errors import SettingError
from synthda.settings import Between

Kernel = Literal["linear", "rbf"]
MOST_ROWS = 20_000
"""Of both domains together: four matrices of rows × rows are held at a time."""


class TCA(Aligned):
    """Components along which rows vary while the two domains' means coincide."""

    def __init__(
        self,
        *,
        dimensions: Annotated[int, "components", Between(1)] = 30,
        mu: Annotated[float, "μ, the price of large weights", Between(1e-12)] = 1.0,
        kernel: Annotated[Kernel, "rbf: the median squared distance is its width"] = "linear",
        classifier: Annotated[Classifier, "what follows"] = "1-nn",
        c: Annotated[float, "C of the svm", Between(1e-9)] = 1.0,
    ) -> None:
        super().__init__(classifier=classifier, c=c)
        self.dimensions, self.mu, self.kernel = dimensions, mu, kernel

    def check(self, source: Shape, target: Shape) -> None:
        count = source[0] + target[0]
        if count > MOST_ROWS:
            raise SettingError(
                f"TCA compares every row with every other, and {count:,} rows are too many; give at most "
                f"{MOST_ROWS:,} of both domains together, or choose another method, such as coral."
            )
        most = min(count - 1, source[1]) if self.kernel == "linear" else count - 1
        if self.dimensions > most:
            raise SettingError(
                f"dimensions={self.dimensions} is too many for TCA on {count:,} rows; at most {most} are possible here."
            )

    def align(self, source: Features, target: Features) -> Mapped:
        pooled = np.vstack([source, target])
        width = _median_distance(pooled) if self.kernel == "rbf" else 0.0

        def products(rows: Features) -> Features:
            return rows @ pooled.T if self.kernel == "linear" else np.exp(-_distances(rows, pooled) / width)

        kernel = products(pooled)
        weights = transfer_components(kernel, len(source), self.dimensions, self.mu)
        return kernel[: len(source)] @ weights, lambda rows: products(rows) @ weights


def transfer_components(kernel: Features, n_source: int, dimensions: int, mu: float) -> Features:
    """W (n, dimensions) of a kernel matrix (n, n), the source's rows first; K W are the components of all rows.

    The leading eigenvectors of (K L K + μI)⁻¹ K H K, where H centres and tr(K L) is the squared maximum mean
    discrepancy between the domains.
    """
    count = len(kernel)
    gap = np.concatenate([np.full(n_source, 1 / n_source), np.full(count - n_source, -1 / (count - n_source))])
    between = kernel @ gap
    # K L K + μI = b bᵀ + μI, since L = gap gapᵀ. A power of it differs from that of μI along b alone, so that there is
    # no matrix to factorise, which rounding would make singular where b is long.
    length = float(np.linalg.norm(between))
    along = between / length if length > 0 else between
    less = 1 - np.sqrt(mu / (mu + length**2))

    def whitened(rows: Features) -> Features:  # (K L K + μI)^(-1/2) from the left
        found: Features = (rows - less * np.outer(along, along @ rows)) / np.sqrt(mu)
        return found

    centred = kernel - kernel.mean(axis=0)  # K H K is its square, since H is symmetric and H² = H
    spread = whitened(centred.T)
    found: Features = eigh(spread @ spread.T, subset_by_index=(count - dimensions, count - 1))[1]
    return whitened(found[:, ::-1])


def _median_distance(rows: Features) -> float:
    found = float(np.median(_distances(rows, rows)))
    return found if found > 0 else 1.0


def _distances(rows: Features, others: Features) -> Features:
    """(n, d), (m, d) → (n, m) squared distances."""
    found: Features = np.square(rows).sum(axis=1)[:, None] + np.square(others).sum(axis=1) - 2 * rows @ others.T
    return np.clip(found, 0, None)
