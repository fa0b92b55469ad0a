"""What a shallow method is: fitted on labelled source and unlabelled target rows, it predicts labels of rows."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from synthda.errors import SettingError

Rows = Any
"""(n, d) features: a NumPy array or a scipy.sparse matrix."""

Labels = NDArray[Any]
"""(n,) class of each row, of any type that sorts: numbers or text."""


class Shallow:
    """A classifier of feature vectors; its settings are its keyword-only arguments.

    Attributes:
        baseline: name of the method that is the same without adaptation; None where that is this one.
    """

    baseline: ClassVar[str | None] = None

    def fit(self, source: Rows, labels: Labels, target: Rows) -> Self:
        """Learn from labelled source rows (n_s, d) and unlabelled target rows (n_t, d).

        Raises:
            SettingError: for a setting that does not suit the data.
        """
        raise NotImplementedError

    def predict(self, rows: Rows) -> Labels:
        """The classes of rows (n, d) of the target."""
        raise NotImplementedError

    def begin_from(self, trained: Shallow) -> None:
        """Let the next `fit` start where a trained one of the same class ended; nothing, where none is iterative."""


def dense(rows: Rows) -> NDArray[Any]:
    """The rows as a NumPy array."""
    found: NDArray[Any] = rows if isinstance(rows, np.ndarray) else rows.toarray()
    return found


def check_dimensions(dimensions: int, source: Rows, target: Rows, *, of: str) -> None:
    """Refuse more dimensions than the centred rows of either domain span.

    Raises:
        SettingError: it names the largest number that is possible.
    """
    most = min(source.shape[0] - 1, target.shape[0] - 1, source.shape[1])
    if dimensions > most:
        raise SettingError(
            f"dimensions={dimensions} is too many for {of} on {source.shape[0]:,} source and "
            f"{target.shape[0]:,} target rows of {source.shape[1]:,} features; at most {most} are possible here."
        )
