"""Domains that cannot be told apart: the error behind the proxy A-distance (Ben-David et al. 2007, NeurIPS)."""

from __future__ import annotations

from synthda.adapt.distance import proxy_a_distance
from synthda.adapt.selection.validation import Validation


def domain_error(validation: Validation) -> float:
    """Held-out error ε of a linear classifier of the domain on the features, at most ½; from d = 2(1 − 2ε).

    ½ too where there are fewer than two images of a domain. Features that have forgotten everything please it.
    """
    if min(len(validation.features_s), len(validation.features_t)) < 2:
        return 0.5
    return 0.5 - proxy_a_distance(validation.features_s, validation.features_t) / 4
