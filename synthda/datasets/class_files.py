"""Files by class: a file stands for the class of its name, a sub-folder for a class with all that is in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from synthda.datasets.folders import class_named, natural_order
from synthda.errors import DataError

MANY = 5
"""So many files may have numbered names and still be classes, as speed-30 and speed-50 are."""


def class_files(folder: Path, paths: Iterable[Path]) -> dict[str, tuple[Path, ...]]:
    """Files at or below `folder` by class, classes in natural order, the files of one by their names.

    Raises:
        DataError: when two files, or a file and a sub-folder, have one class name.
    """
    found: dict[str, dict[str, list[Path]]] = {}
    for path in sorted(paths, key=lambda path: path.relative_to(folder).parts):
        parts = path.relative_to(folder).parts or (path.name,)  # the folder may be a single file
        name = class_named(parts[0] if len(parts) > 1 else path.stem)
        found.setdefault(name, {}).setdefault(parts[0], []).append(path)
    for name, entries in found.items():
        if len(entries) > 1:
            raise DataError(
                f"{folder} has {' and '.join(sorted(entries))} for one class {name!r}; rename one of them, or put all "
                f"files of the class into a folder {name}."
            )
    names = sorted(found, key=natural_order)
    return {name: tuple(path for files in found[name].values() for path in files) for name in names}


def numbered(folder: Path, paths: Iterable[Path]) -> list[str]:
    """Names of the classes that many files right in `folder` stand for, named as a camera names what it takes.

    Such names differ in their numbers alone: IMG_0001, IMG_0002, … A number and nothing else may be a product's.
    """
    names = [class_named(path.stem) for path in paths if path.parent == folder]
    patterns = {name: re.sub(r"\d+", "0", name) for name in names}
    counts = Counter(pattern for name, pattern in patterns.items() if pattern not in (name, "0"))
    return [name for name in names if counts[patterns[name]] > MANY]
