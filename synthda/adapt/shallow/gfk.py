"""The geodesic flow kernel (Gong et al. 2012, CVPR)."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from synthda.adapt.shallow.aligned import Aligned, Features, Mapped
from synthda.adapt.shallow.classifiers import Classifier
from synthda.adapt.shallow.estimator import Shape, check_dimensions
from synthda.adapt.shallow.principal import principal_directions
from synthda.errors import SettingError
from synthda.settings import Between

SMALL = 1e-10
"""Angles below it are taken for 0, where the kernel has a limit but no quotient."""


class GeodesicFlowKernel(Aligned):
    """Rows are compared in all subspaces on the shortest way from the source's to the target's."""

    def __init__(
        self,
        *,
        dimensions: Annotated[int, "of the subspaces, by PCA; at most half of the features", Between(1)] = 20,
        classifier: Annotated[Classifier, "what follows"] = "1-nn",
        c: Annotated[float, "C of the svm", Between(1e-9)] = 1.0,
    ) -> None:
        super().__init__(classifier=classifier, c=c)
        self.dimensions = dimensions

    def check(self, source: Shape, target: Shape) -> None:
        check_dimensions(self.dimensions, source, target, of="the geodesic flow kernel")
        if 2 * self.dimensions > source[1]:
            raise SettingError(
                f"dimensions={self.dimensions} is too many for the geodesic flow kernel on {source[1]:,} features; it "
                f"accepts at most half of them, {source[1] // 2}."
            )

    def align(self, source: Features, target: Features) -> Mapped:
        bases = [principal_directions(rows, self.dimensions) for rows in (source, target)]
        root, mean = flow_root(bases[0], bases[1]), target.mean(axis=0)
        return (source - source.mean(axis=0)) @ root, lambda rows: (rows - mean) @ root


def flow_root(basis_s: Features, basis_t: Features) -> Features:
    """F (d, 2k) with F Fᵀ = G, the kernel ∫₀¹ Φ(t) Φ(t)ᵀ dt of the geodesic Φ between two bases (d, k).

    Rows multiplied by F have G's inner products as plain ones, so that any classifier may follow and no d × d matrix
    is needed. The bases have orthonormal columns, 2k ≤ d.
    """
    u, cosines, v_transposed = np.linalg.svd(basis_s.T @ basis_t)
    inside = basis_s @ u  # P_s U₁
    # The part of P_t V outside of the source's subspace: −R_s U₂ Σ, without the complement R_s being computed.
    outside = basis_t @ v_transposed.T - inside * cosines
    sines = np.linalg.norm(outside, axis=0)
    angles = np.arctan2(sines, np.clip(cosines, 0, None))
    outside = np.where(sines > SMALL, outside / np.where(sines > SMALL, sines, 1), 0)
    # The integrals of cos², sin² and cos·sin of tθ over t in [0, 1], twice each: Λ₁, Λ₃ and −Λ₂ of the paper.
    double = np.where(angles > SMALL, 2 * angles, 1)
    ratio = np.where(angles > SMALL, np.sin(double) / double, 1)
    mixed = np.where(angles > SMALL, (1 - np.cos(double)) / double, 0)
    blocks = np.array([[1 + ratio, mixed], [mixed, 1 - ratio]]) / 2  # (2, 2, k): one 2 × 2 block per principal angle
    values, vectors = np.linalg.eigh(blocks.transpose(2, 0, 1))
    roots = vectors * np.sqrt(np.clip(values, 0, None))[:, None, :]
    first, second = (inside * roots[:, 0, i] + outside * roots[:, 1, i] for i in (0, 1))
    return np.hstack([first, second])
