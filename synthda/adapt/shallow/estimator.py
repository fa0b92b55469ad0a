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

Shape = tuple[int, int]
"""(n, d) of rows."""

MOST_VALUES = 1_000_000_000
"""Of rows as a NumPy array: 8 GB."""

MOST_WIDTH = 25_000
"""Of features, or of rows, where a method holds matrices of as many on either side: 5 GB each."""


class Shallow:
    """A classifier of feature vectors; its settings are its keyword-only arguments.

    Attributes:
        baseline: name of the method that is the same without adaptation; None where that is this one.
    """

    baseline: ClassVar[str | None] = None

    def check(self, source: Shape, target: Shape) -> None:
        """Refuse settings that do not suit source rows (n_s, d) and target rows (n_t, d); shapes are enough for that.

        Raises:
            SettingError: it names what is possible.
        """

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
    """The rows as a NumPy array.

    Raises:
        SettingError: where sparse rows would not fit into memory.
    """
    count, width = rows.shape
    if count * width > MOST_VALUES:
        raise SettingError(
            f"{count:,} rows of {width:,} features are too many for this method; leave out rare features, or use svm, "
            "which keeps sparse rows sparse."
        )
    found: NDArray[Any] = rows if isinstance(rows, np.ndarray) else rows.toarray()
    return found


def check_width(width: int, *, of: str) -> None:
    """Refuse more features than a matrix of features × features can have.

    Raises:
        SettingError: it names the largest number.
    """
    if width > MOST_WIDTH:
        raise SettingError(f"{width:,} features are too many for {of}; leave out rare ones: it accepts {MOST_WIDTH:,}.")


def check_products(count: int, width: int, *, of: str) -> None:
    """Refuse rows where their products with one another, and features with one another, are both too many.

    Raises:
        SettingError: it names the largest number.
    """
    if min(count, width) > MOST_WIDTH:
        raise SettingError(
            f"{count:,} rows of {width:,} features are too many for {of}; it accepts {MOST_WIDTH:,} rows, or features. "
            "Leave out rare features, or some rows."
        )


def check_dimensions(dimensions: int, source: Shape, target: Shape, *, of: str) -> None:
    """Refuse more dimensions than the centred rows of either domain span.

    Raises:
        SettingError: it names the largest number that is possible.
    """
    most = min(source[0] - 1, target[0] - 1, source[1])
    if dimensions > most:
        raise SettingError(
            f"dimensions={dimensions} is too many for {of} on {source[0]:,} source and {target[0]:,} target rows of "
            f"{source[1]:,} features; at most {most} are possible here."
        )
