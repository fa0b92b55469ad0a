"""Folders of photographs, listed and opened as domains."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import UNLABELLED, ArrayImages, Domain
from synthda.datasets.photos import READ_EXTENSIONS, UNREAD_EXTENSIONS, read_photos
from synthda.datasets.resize import Fit, Size
from synthda.errors import DataError
from synthda.near import near_path
from synthda.shell import quoted


def list_photos(folder: Path) -> list[Path]:
    """Every photograph below `folder`, told by extension in any case, sorted; hidden files and folders are skipped.

    A single file is returned as it is, whatever its name.

    Raises:
        DataError: when the path is missing or a folder cannot be listed.
    """
    folder = Path(folder)
    if folder.is_file():
        return [folder]
    if not folder.exists():
        near = near_path(folder)
        hint = f" Did you mean {near}?" if near else ""
        raise DataError(f"There is no file or folder {folder}; give a folder of photographs.{hint}")
    if not folder.is_dir():
        raise DataError(f"{folder} is neither a folder nor a file; give a folder of photographs.")
    photos = (path for path in files_below(folder) if path.suffix.lower() in READ_EXTENSIONS | UNREAD_EXTENSIONS)
    return sorted(photos, key=lambda path: path.relative_to(folder).parts)


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below `folder`, in no order; hidden ones are skipped, links followed, and links to nothing given, too.

    Raises:
        DataError: when a folder cannot be listed.
    """
    above: dict[str, set[str]] = {}
    for here, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        real, ancestors = os.path.realpath(here), above.pop(here, set())
        if real in ancestors:  # a link to a folder above would be walked for ever
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        above |= {os.path.join(here, name): ancestors | {real} for name in folders}
        paths = (Path(here, name) for name in files if not name.startswith("."))
        yield from (path for path in paths if path.is_file() or path.is_symlink())


def leads_out(name: str) -> bool:
    """Whether a name relative to a folder leads out of it, on this system or, written for another, on that one.

    A colon alone (`a:b.jpg`) does so on Windows only, and is part of a name elsewhere.
    """
    read = PurePosixPath(name), PureWindowsPath(name)
    return bool(PurePath(name).anchor) or any(place.is_absolute() or ".." in place.parts for place in read)


def open_folder(folder: Path, *, size: Size, fit: Fit = "stretch", labelled: bool | None = None) -> Domain:
    """Decode a folder of photographs (or one photograph) into memory.

    Args:
        folder: searched with its sub-folders.
        size: height and width of every image.
        fit: as in `read_photo`.
        labelled: True takes the first sub-folder of each photograph for its class; False takes every photograph as
            unlabelled; None takes the folder as labelled when every photograph lies in an immediate sub-folder.

    Returns:
        A domain in path order, classes in natural order (2 before 10), `paths` relative to `folder`, and one line in
        `skipped` for each file that could not be used.

    Raises:
        DataError: when the folder is missing, empty, without a photograph, without a usable one, or without the
            class folders that `labelled=True` asks for.
    """
    folder = Path(folder)
    photos = list_photos(folder)
    if not photos:
        raise DataError(_nothing_in(folder))
    if labelled and folder.is_file():
        raise DataError(f"{folder} is a file; give a folder with one sub-folder of images per class.")
    above = folder.parent if folder.is_file() else folder
    names = [path.relative_to(above).as_posix() for path in photos]
    depths = [name.count("/") for name in names]
    if labelled and min(depths) == 0:
        render = f", or render pictures of products: synthda generate products --templates {quoted(folder)}"
        raise DataError(
            f"{folder} holds {names[depths.index(0)]} outside of any class folder; put each photograph into a folder "
            f"named for its class{'' if any(depths) else render}."
        )
    if labelled is None:
        labelled = set(depths) == {1}
    array, kept, bad = read_photos(photos, size, fit)
    skipped = tuple(f"{names[index]}: {reason}" for index, reason in bad)
    if not kept:
        raise DataError(f"None of the {len(photos)} images in {folder} can be used; the first is {skipped[0]}.")
    classes, labels = _classes_of([names[index] for index in kept]) if labelled else ((), None)
    return Domain(
        images=ArrayImages(array),
        labels=np.full(len(kept), UNLABELLED, dtype=np.int64) if labels is None else labels,
        classes=classes,
        paths=tuple(names[index] for index in kept),
        skipped=skipped,
        name=folder.resolve().name,
    )


def natural_order(name: str) -> tuple[list[str | int], str]:
    """Sort key by which class 2 comes before class 10."""
    pieces = re.split(r"([0-9]+)", name)
    return [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)], name


def class_named(name: str) -> str:
    """The class that a file or folder is named for: where é is written as e and an accent (macOS), it is é again."""
    return unicodedata.normalize("NFC", name)


def _classes_of(names: list[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    tops = [class_named(name.split("/")[0]) for name in names]
    classes = tuple(sorted(set(tops), key=natural_order))
    index = {name: label for label, name in enumerate(classes)}
    return classes, np.array([index[top] for top in tops], dtype=np.int64)


def _nothing_in(folder: Path) -> str:
    accepted = " ".join(sorted(READ_EXTENSIONS))
    if not any(folder.iterdir()):
        return f"{folder} is empty; give a folder that holds photographs ({accepted})."
    return f"There is no image in {folder} or below it; give a folder that holds photographs ({accepted})."


def _refuse(error: OSError) -> None:
    raise DataError(f"{error.filename} cannot be listed ({error.strerror}); make it readable, or give another folder.")
