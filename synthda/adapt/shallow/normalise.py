"""What the literature does to feature vectors first, as steps that combine: `row-sum+z-score`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.shallow.estimator import Rows, dense
from synthda.errors import SettingError
from synthda.settings import lookup

Step = Callable[[list[Rows]], list[Rows]]
"""Rows of source, target and perhaps of more of the target, in; the same, changed, out. No labels are seen."""


def normalised(steps: str, source: Rows, target: Rows, *more_target: Rows) -> list[Rows]:
    """Source rows, target rows and more rows of the target after the steps, in that order.

    What is learnt from rows, such as a mean, is learnt from `source` and `target` and only applied to the others.

    Args:
        steps: names joined by `+`, as in `NORMALISATIONS`.

    Raises:
        SettingError: for an unknown step, or one that the rows do not suit.
    """
    rows = [source, target, *more_target]
    for name in steps.split("+"):
        rows = lookup("normalisation", name, NORMALISATIONS)(rows)
    return rows


def _each(function: Callable[[Any], Any]) -> Step:
    return lambda rows: [function(part) for part in rows]


def _values(function: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[[Rows], Rows]:
    """A function of single values that keeps 0, applied to dense or sparse rows."""

    def changed(rows: Rows) -> Rows:
        if isinstance(rows, np.ndarray):
            return function(rows)
        copied = rows.copy()
        copied.data = function(copied.data)
        return copied

    return changed


def _logarithm(values: NDArray[Any]) -> NDArray[Any]:
    if (values < 0).any():
        raise SettingError("The normalisation log is for counts, and some values are negative; leave it out.")
    found: NDArray[Any] = np.log1p(values)
    return found


def _divided(rows: Rows, sizes: NDArray[Any]) -> Rows:
    """Each row divided by its size; rows of size 0 stay."""
    inverse = 1 / np.where(sizes > 0, sizes, 1)
    if isinstance(rows, np.ndarray):
        return rows * inverse[:, None]
    from scipy.sparse import diags

    return (diags(inverse) @ rows).tocsr()


def _row_sum(rows: Rows) -> Rows:
    return _divided(rows, np.asarray(abs(rows).sum(axis=1)).ravel())


def _unit(rows: Rows) -> Rows:
    return _divided(rows, np.sqrt(np.asarray(_values(np.square)(rows).sum(axis=1)).ravel()))


def _z_score(parts: list[Rows]) -> list[Rows]:
    """Each domain by its own means and deviations; features that do not vary become 0."""
    made = []
    for place, part in enumerate(parts):
        own = dense(parts[min(place, 1)])
        deviation = own.std(axis=0)
        varies = deviation > 1e-12
        made.append((dense(part) - own.mean(axis=0)) * np.where(varies, 1 / np.where(varies, deviation, 1), 0))
    return made


def _tf_idf(parts: list[Rows]) -> list[Rows]:
    """Counts times the logarithm of how rare a feature is among the rows of both domains, rows of length 1."""
    from scipy.sparse import csr_matrix, vstack
    from sklearn.feature_extraction.text import TfidfTransformer

    weighting = TfidfTransformer().fit(vstack([csr_matrix(part) for part in parts[:2]]))
    return [weighting.transform(csr_matrix(part)) for part in parts]


NORMALISATIONS: dict[str, Step] = {
    "none": _each(lambda rows: rows),
    "binary": _each(_values(lambda values: (values != 0).astype(np.float64))),
    "log": _each(_values(_logarithm)),
    "tf-idf": _tf_idf,
    "row-sum": _each(_row_sum),
    "unit": _each(_unit),
    "z-score": _z_score,
}
"""By name; `z-score` is by domain, as in Gong et al. 2012, `tf-idf` from both."""
