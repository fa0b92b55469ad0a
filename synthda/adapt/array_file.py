"""Named arrays in one compressed file."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.manifest import written_then_named

Arrays = dict[str, NDArray[Any]]


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Compressed, and under its name once it is whole; raises SynthdaError when the disk is full."""
    with written_then_named(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_arrays(path: Path) -> Arrays:
    """What `write_arrays` wrote; raises ValueError when the file is missing or damaged."""
    try:
        with path.open("rb") as content, np.load(content, allow_pickle=False) as file:  # closed if it is damaged, too
            return {name: file[name] for name in file.files}
    except (ValueError, AttributeError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: {error}") from error
