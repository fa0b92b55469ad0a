"""Which photograph comes when: two queues, divided by a hash of (seed, content), that no photograph changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.folders import list_photos
from synthda.datasets.label_file import Queue
from synthda.errors import DataError
from synthda.manifest import sha256_of

Status = tuple[int, int]


@dataclass(frozen=True)
class Photograph:
    """One photograph and where it lies; copies under other names are one photograph.

    Attributes:
        content: SHA-256 (hex) of the file.
        names: of its copies, relative to the folder, with `/`, sorted.
        files: their paths, each with size and time of its last change when its content was read.
    """

    content: str
    names: tuple[str, ...]
    files: tuple[tuple[Path, Status], ...]

    def find(self) -> tuple[str, Path] | None:
        """Name and path of a copy that still has this content; None where all are gone or changed."""
        for name, (path, status) in zip(self.names, self.files, strict=True):
            try:
                if _status(path) == status or sha256_of(path) == self.content:
                    return name, path
            except OSError:
                continue
        return None


def gather(
    folder: Path, progress: Callable[[int], None] = lambda done: None
) -> tuple[dict[str, Photograph], tuple[str, ...]]:
    """The photographs of a folder by content, and a line for each file that cannot be read.

    Raises:
        DataError: when there is none.
    """
    if not folder.is_dir():
        found = f"{folder} is no folder" if folder.exists() else f"There is no folder {folder}"
        raise DataError(f"{found}; give a folder of photographs.")
    copies: dict[str, list[tuple[str, tuple[Path, Status]]]] = {}
    skipped: list[str] = []
    paths = list_photos(folder)
    with ThreadPoolExecutor() as pool:
        for path, read in zip(paths, pool.map(_read, paths), strict=True):
            name = path.relative_to(folder).as_posix()
            if isinstance(read, str):
                skipped.append(f"{name}: {read}")
            else:
                copies.setdefault(read[0], []).append((name, (path, read[1])))
            progress(1)
    if not copies:
        raise DataError(f"There is no image in {folder} or below it; give photographs (JPEG, PNG, …).")
    photos = {
        content: Photograph(content, tuple(name for name, _ in found), tuple(file for _, file in found))
        for content, found in copies.items()
    }
    return photos, tuple(skipped)


def queue_of(seed: int, content: str) -> Queue:
    """The queue of a photograph: half of all go into each, whatever else lies in the folder."""
    return "measure" if _number(seed, content) & 1 else "teach"


def measure_order(seed: int, contents: Iterable[str]) -> list[str]:
    """The photographs that measure, in an order that is uniformly random over all photographs.

    The first n of them are a simple random sample of the folder: the bit that chooses them and the bits that order them
    are independent of what they show.
    """
    chosen = (content for content in contents if queue_of(seed, content) == "measure")
    return sorted(chosen, key=lambda content: _number(seed, content))


def teach_order(seed: int, probabilities: Mapping[str, NDArray[np.float32]]) -> list[str]:
    """The photographs that teach, (K,) class probabilities of each given, the most uncertain first.

    Uncertain is a small margin between the two likeliest classes (Scheffer et al. 2001, "Active hidden Markov models
    for information extraction"); equal margins come in random order.
    """
    chosen = [content for content in probabilities if queue_of(seed, content) == "teach"]
    return sorted(chosen, key=lambda content: (margin(probabilities[content]), _number(seed, content)))


def margin(probabilities: NDArray[np.float32]) -> float:
    """By how much the likeliest of K ≥ 2 classes is likelier than the next: 0 is a tie, 1 is sure."""
    second, first = np.partition(probabilities, -2)[-2:]
    return float(first - second)


def _number(seed: int, content: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}:{content}".encode(), digest_size=16).digest(), "big")


def _read(path: Path) -> tuple[str, Status] | str:
    try:
        status = _status(path)  # before its bytes: a change while they are read is found out later
        return sha256_of(path), status
    except OSError as error:
        return error.strerror or "it cannot be read"


def _status(path: Path) -> Status:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
