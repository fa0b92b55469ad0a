"""Correlation alignment (Sun et al. 2016, AAAI, "Return of frustratingly easy domain adaptation")."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from scipy.linalg import eigh

from synthda.adapt.shallow.aligned import Aligned, Features, Mapped
from synthda.adapt.shallow.classifiers import Classifier
from synthda.adapt.shallow.estimator import Shape, check_width
from synthda.settings import Between


class CORAL(Aligned):
    """Source features get the covariance of the target's: whitened, then re-coloured."""

    def __init__(
        self,
        *,
        regularisation: Annotated[float, "what is added to the variances; 1 in the paper", Between(1e-9)] = 1.0,
        classifier: Annotated[Classifier, "what follows"] = "1-nn",
        c: Annotated[float, "C of the svm", Between(1e-9)] = 1.0,
    ) -> None:
        super().__init__(classifier=classifier, c=c)
        self.regularisation = regularisation

    def check(self, source: Shape, target: Shape) -> None:
        check_width(source[1], of="CORAL")

    def align(self, source: Features, target: Features) -> Mapped:
        # D_s C_s^(−1/2) C_t^(1/2), C = cov(D) + I: algorithm 1 of the paper.
        whiten = _power(source, -0.5, self.regularisation)
        colour = _power(target, 0.5, self.regularisation)
        return source @ whiten @ colour, lambda rows: rows


def _power(rows: Features, exponent: float, regularisation: float) -> Features:
    """(d, d): the covariance of rows (n, d), plus a multiple of I, to a power."""
    centred = rows - rows.mean(axis=0)
    covariance = centred.T @ centred / max(1, len(rows) - 1)
    values, vectors = eigh(covariance)
    powers: Features = (np.clip(values, 0, None) + regularisation) ** exponent
    found: Features = (vectors * powers) @ vectors.T
    return found
