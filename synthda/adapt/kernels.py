"""Gaussian kernels and the maximum mean discrepancy of two samples (Gretton et al. 2012, JMLR 13)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

DAN_SCALES = tuple(2.0**k for k in range(-3, 2))
"""Of the mean squared distance: the variances of DAN's kernels."""


def squared_distances(rows: Tensor) -> Tensor:
    """(n, d) → (n, n), never below 0."""
    rows = rows - rows.mean(dim=0).detach()  # moves no distance, and far from 0 the difference below would round it off
    norms = rows.square().sum(dim=1)
    return (norms[:, None] + norms[None] - 2 * rows @ rows.T).clamp_min(0)


def gaussian(distances: Tensor, variances: Sequence[Tensor | float]) -> Tensor:
    """(n, n) squared distances → the mean over k of exp(−d² / 2σ_k²)."""
    return torch.stack([torch.exp(-distances / (2 * variance)) for variance in variances]).mean(dim=0)


def multi_kernel(rows: Tensor, scales: Sequence[float] = DAN_SCALES) -> Tensor:
    """(n, d) → (n, n): the mean of Gaussians whose variances are multiples of the mean squared distance."""
    distances = squared_distances(rows)
    count = len(rows)
    mean = (distances.detach().sum() / max(1, count * (count - 1))).clamp_min(1e-12)
    return gaussian(distances, [scale * mean for scale in scales])


def mmd(kernel: Tensor, weights_s: Tensor, n_target: int) -> Tensor:
    """The squared discrepancy ‖Σ_i w_i φ(s_i) − mean_j φ(t_j)‖² in the kernel's space, 0 or above.

    Args:
        kernel: (n, n) of the source's rows, then the target's.
        weights_s: (n − n_target,) that sum to 1; 1/n_s each for the plain discrepancy.
        n_target: rows of the target.
    """
    weights = torch.cat([weights_s, weights_s.new_full((n_target,), -1 / n_target)])
    return weights @ kernel @ weights


def uniform(rows: Tensor) -> Tensor:
    """(n,) weights that sum to 1."""
    return rows.new_full((len(rows),), 1 / len(rows))
