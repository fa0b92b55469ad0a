"""Feature vectors in files of other tools: svmlight, MATLAB's .mat, NumPy's .npz; dense or scipy.sparse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.errors import DataError

SVMLIGHT = (".svmlight", ".libsvm", ".svm", ".txt")
FEATURES = ("features", "fts", "X")
LABELS = ("labels", "y")
SPARSE = frozenset({"format", "data", "indices", "indptr", "shape"})
"""What scipy.sparse.save_npz writes."""

LARGEST = 1e100
"""Of a value."""
MOST_NAMED = 8
MOST_WIDTH = 10_000_000
"""A larger index in an svmlight file is damage, not a feature."""

ACCEPTED = f"{', '.join(SVMLIGHT)} (svmlight), .mat with `fts` and `labels`, .npz with `features` and `labels`"


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """The rows of one file.

    Attributes:
        path: of the file.
        features: (n, d) float64, a NumPy array or a scipy.sparse CSR matrix.
        labels: as the file has them, whatever they are; None where it has none. Those of a target are not looked at.
    """

    path: Path
    features: Any
    labels: Any

    def __len__(self) -> int:
        return int(self.features.shape[0])

    def required_labels(self) -> NDArray[Any]:
        """The labels, (n,) of integers or text.

        Raises:
            DataError: where there are none, not one a row, or others.
        """
        if self.labels is None:
            raise DataError(f"{self.path} has no labels; add an array named {' or '.join(LABELS)}, one entry a row.")
        return _checked_labels(self.path, self.labels, len(self))


def read_features(paths: Sequence[Path]) -> list[FeatureTable]:
    """The tables of files that belong together: rows of one feature space.

    svmlight files count features from 0 or from 1: from 0 where any of the files uses the index 0. They do not tell
    how many features there are, so that narrower ones are filled up with zeros.

    Raises:
        DataError: for a file that is missing, damaged, of another kind, or of another width than the others.
    """
    tables = [_read(path) for path in paths]
    text = [place for place, path in enumerate(paths) if path.suffix.lower() in SVMLIGHT]
    if text and not any(_uses_index_0(tables[place]) for place in text):
        for place in text:
            tables[place] = replace(tables[place], features=tables[place].features[:, 1:])
    widest = max(table.features.shape[1] for table in tables)
    for place in text:
        tables[place] = replace(tables[place], features=_widened(tables[place].features, widest))
    _check_widths(tables)
    return tables


def _read(path: Path) -> FeatureTable:
    readers: dict[str, Callable[[Path], tuple[Any, Any]]] = {".mat": _read_mat, ".npz": _read_npz}
    readers |= dict.fromkeys(SVMLIGHT, _read_svmlight)
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path} is no file of features; accepted are {ACCEPTED}.")
    if not path.is_file():
        raise DataError(f"There is no file {path}; name a file of features: {ACCEPTED}.")
    try:
        features, labels = reader(path)
    except DataError:
        raise
    except Exception as error:  # the parsers raise nearly anything on a damaged file
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"{path} cannot be read ({reason}); it is damaged or of another kind than its name.") from error
    return FeatureTable(path, _checked(path, features), labels)


def _read_svmlight(path: Path) -> tuple[Any, Any]:
    from sklearn.datasets import load_svmlight_file

    features, labels = load_svmlight_file(str(path), zero_based=True)
    if features.shape[1] > MOST_WIDTH:
        raise DataError(f"{path} names feature {features.shape[1] - 1:,}; is it damaged? {MOST_WIDTH:,} is the most.")
    return features, labels


def _read_mat(path: Path) -> tuple[Any, Any]:
    from scipy.io import loadmat

    return _named(path, loadmat(path, variable_names=(*FEATURES, *LABELS)))


def _read_npz(path: Path) -> tuple[Any, Any]:
    with np.load(path, allow_pickle=False) as content:
        if not SPARSE.issubset(content.files):
            return _named(path, content)
        labels = next((content[name] for name in LABELS if name in content.files), None)
    from scipy.sparse import load_npz

    return load_npz(path), labels


def _named(path: Path, content: Any) -> tuple[Any, Any]:
    features = next((content[name] for name in FEATURES if name in content), None)
    labels = next((content[name] for name in LABELS if name in content), None)
    if features is None:
        names = [name for name in content if not name.startswith("__")]
        found = ", ".join(names[:MOST_NAMED]) + (" …" if len(names) > MOST_NAMED else "") or "none of use"
        raise DataError(f"{path} has no features: of {', '.join(FEATURES)} it should hold one array; it has {found}.")
    return features, labels


def _checked(path: Path, features: Any) -> Any:
    """(n, d) float64, finite; sparse as CSR."""
    from scipy.sparse import csr_matrix, issparse

    shape = features.shape
    if len(shape) != 2 or features.dtype.kind not in "biuf":
        raise DataError(f"The features of {path} are {features.dtype} {shape}; numbers in rows are needed.")
    if min(shape) < 1 or shape[0] < 2:
        raise DataError(f"{path} has {shape[0]} rows of {shape[1]} features; at least 2 rows of 1 feature are needed.")
    if not issparse(features):
        table: Any = np.asarray(features, np.float64)
    else:
        try:
            if hasattr(features, "check_format"):  # before it is converted, for that trusts the indices
                features.check_format(full_check=True)
            table = csr_matrix(features, dtype=np.float64)
            table.check_format(full_check=True)
        except ValueError as error:
            raise DataError(f"{path} is damaged: {error}.") from error
        table.sum_duplicates()
    values = table.data if issparse(table) else table
    finite = np.isfinite(values)
    if not finite.all():
        raise DataError(f"{path} has {(~finite).sum():,} values that are NaN or infinite; fill or remove them.")
    if values.size and np.abs(values).max() > LARGEST:
        raise DataError(f"{path} has values beyond {LARGEST:g}, whose squares are infinite; scale them.")
    return table


def _checked_labels(path: Path, labels: Any, count: int) -> NDArray[Any]:
    """(n,) integers where they are whole numbers; text as it is."""
    found = np.asarray(labels)
    if found.dtype.kind not in "biufU" or found.size != count:
        raise DataError(
            f"The labels of {path} are {found.dtype} {found.shape}; {count:,} numbers or words, one a row, are needed."
        )
    found = found.ravel()
    if found.dtype.kind != "f":
        return found.astype(np.int64) if found.dtype.kind in "biu" else found
    if not np.isfinite(found).all() or (found != np.rint(found)).any():
        raise DataError(f"{path} has labels that are no whole numbers; a class is a whole number or a word.")
    return found.astype(np.int64)


def _uses_index_0(table: FeatureTable) -> bool:
    return bool(table.features.shape[1]) and bool((table.features.indices == 0).any())


def _widened(features: Any, width: int) -> Any:
    from scipy.sparse import csr_matrix

    parts = (features.data, features.indices, features.indptr)
    return csr_matrix(parts, shape=(features.shape[0], width))


def _check_widths(tables: Sequence[FeatureTable]) -> None:
    first = tables[0]
    for table in tables[1:]:
        if table.features.shape[1] != first.features.shape[1]:
            raise DataError(
                f"{first.path} has {first.features.shape[1]:,} features a row and {table.path} "
                f"{table.features.shape[1]:,}; give files of one feature space."
            )
