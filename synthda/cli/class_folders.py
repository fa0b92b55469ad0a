"""What the folders of a labelled source caution against: classes that are none, or that have lost their pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from synthda.cli.listing import shortened
from synthda.datasets.domain import Domain
from synthda.datasets.folders import class_named
from synthda.datasets.records import EXPORT
from synthda.shell import quoted
from synthda.wording import counted


def about_class_folders(spec: str, source: Domain) -> Iterator[str]:
    """Of a source that `spec` names, where that is a folder with one sub-folder of images per class."""
    folder = Path(spec).expanduser()
    if not source.labelled or not source.paths or not (folder / source.paths[0]).exists():
        return
    yield from _about_folders_between(folder, source)
    yield from _about_missing_classes(folder, source)


def _about_folders_between(folder: Path, source: Domain) -> Iterator[str]:
    """Whether no class folder holds an image by itself, but several folders of them: then those may be the classes."""
    below: dict[str, set[str]] = {}
    for path in map(PurePosixPath, source.paths or ()):
        if len(path.parts) < 3:
            return
        below.setdefault(path.parts[0], set()).add(path.parts[1])
    largest = max(below, key=lambda name: len(below[name]))
    if len(below[largest]) > 1:
        yield (
            f"The classes of {folder} are {shortened(sorted(below))}, whose images lie in folders below, such as "
            f"{shortened(sorted(below[largest]), 3)}. If those are the classes, give --source "
            f"{quoted(folder / largest)}."
        )


def _about_missing_classes(folder: Path, source: Domain) -> Iterator[str]:
    """Which sub-folders would be a class, but for want of an image that can be read."""
    if (folder / EXPORT).exists():
        return  # whose folders are named otherwise than the classes
    inside = [path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    without = sorted(name for name in inside if class_named(name) not in source.classes)
    if without:
        what = counted(len(without), "folder of", "folders of")
        yield f"{what} {folder} without an image that can be read, and so without a class: {shortened(without)}."
