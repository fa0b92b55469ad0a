"""A label file that is written to while a person labels: each decision is on the disk before the next is asked for."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from synthda.datasets.domain import UNKNOWN
from synthda.datasets.label_file import KIND, Decision, Labels, Queue, latest, read_labels, whole_lines
from synthda.datasets.lock import acquire, release
from synthda.errors import DataError, SettingError
from synthda.manifest import FORMAT, disk_errors_told

BEGINNING = b'{"format": '
"""Of the first line of every label file."""


class Journal:
    """Appends to a label file, alone; a context manager, which gives the lock back.

    Attributes:
        path: the label file.
        history: decisions that were not taken back, oldest first.
        seed: by which photographs are divided between the queues: that of the file, where it has one.
        repaired: bytes of half a line at the end, left by a crash, that were cut off.
    """

    def __init__(
        self,
        path: Path,
        folder: Path,
        classes: tuple[str, ...],
        *,
        seed: int | None = None,
        contents: Collection[str] | None = None,
    ) -> None:
        """Open the file, or begin it.

        Args:
            path: the label file.
            folder: of the photographs; the file remembers it, and takes another one for the same photographs moved.
            classes: that can be chosen.
            seed: None for the file's own, or 0 for a new file.
            contents: of the photographs in the folder; None where they are not known.

        Raises:
            DataError: when another process labels into the file, or it is damaged or has labels of other classes or of
                other photographs alone.
            SettingError: when the file was begun with another seed: its queues would mix.
            SynthdaError: when it cannot be written to.
        """
        self.path = path
        with disk_errors_told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = acquire(path.with_name(f".{path.name}.lock"), _taken(path))
        try:
            found, self.repaired = _repaired(path) if path.exists() else (None, 0)
            self.history: list[Decision] = list(found.history) if found else []
            self.seed = _seed_of(found, seed)
            _refuse_other_classes(path, self.history, classes)
            if found is not None and contents is not None:
                _refuse_other_photographs(found, folder, contents)
            with disk_errors_told(path):
                self._file = path.open("ab", buffering=0)
            about = {"photos": _relative(folder, path), "seed": self.seed, "classes": list(classes)}
            if found is None or (found.folder, found.classes) != (folder.resolve(), classes):
                self._append({"format": FORMAT, "kind": KIND, **about})
        except BaseException:
            self.close()
            raise

    def decide(self, made: Decision) -> None:
        """Add a decision; it is on the disk when this returns."""
        said = {"skipped": True} if made.label is None else {"label": made.label}
        self._append({"content": made.content, "file": made.file, "queue": made.queue, **said, "at": _now()})
        self.history.append(made)

    def undo(self, queue: Queue) -> Decision | None:
        """Take back the latest decision of a queue, by one more line; None where there is none."""
        place = next(
            (place for place in reversed(range(len(self.history))) if self.history[place].queue == queue), None
        )
        if place is None:
            return None
        self._append({"undo": self.history[place].content, "at": _now()})
        return self.history.pop(place)

    def latest(self, queue: Queue) -> dict[str, Decision]:
        """As the function of that name."""
        return latest(self.history, queue)

    def close(self) -> None:
        """Close the file, and let another process have it."""
        if hasattr(self, "_file"):
            self._file.close()
        release(self._lock)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, content: Mapping[str, Any]) -> None:
        line = json.dumps(content).encode() + b"\n"  # ASCII: a name that is no UTF-8 comes back as it was
        end = os.fstat(self._file.fileno()).st_size
        with disk_errors_told(self.path):
            try:
                if self._file.write(line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(self._file.fileno())
            except OSError:
                with suppress(OSError):
                    self._file.truncate(end)  # not half a line, to which the next would be added
                raise


def _taken(path: Path) -> str:
    return f"{path} is open in another labelling session; go on there, end it with Ctrl-C, or give another --out."


def _repaired(path: Path) -> tuple[Labels | None, int]:
    """The file's labels after half a line at its end is cut off; None for a file without a whole line."""
    lines, whole = whole_lines(path)
    found = read_labels(path) if lines else None
    if not lines:
        _refuse_another_file(path)
    with disk_errors_told(path), path.open("rb+") as file:
        torn = file.seek(0, os.SEEK_END) - whole
        file.truncate(whole)
        file.seek(max(0, whole - 1))
        if whole and file.read(1) != b"\n":
            file.write(b"\n")
        file.flush()
        os.fsync(file.fileno())
    return found, torn


def _refuse_another_file(path: Path) -> None:
    """What has no whole line may be cut only where it is a piece of the line that every label file begins with."""
    with disk_errors_told(path):
        content = path.read_bytes().lstrip()
    if not (content.startswith(BEGINNING) or BEGINNING.startswith(content)):
        raise DataError(f"{path} is no file of labels; give another --out.")


def _seed_of(found: Labels | None, seed: int | None) -> int:
    if found is None:
        return seed or 0
    if seed not in (None, found.seed):
        raise SettingError(
            f"{found.path} was begun with seed {found.seed}, and with {seed} a photograph could come into both queues; "
            "leave out --seed, or give another --out."
        )
    return found.seed


def _refuse_other_classes(path: Path, history: list[Decision], classes: tuple[str, ...]) -> None:
    strange = sorted({made.label for made in history if made.label} - {UNKNOWN, *classes})
    if strange:
        raise DataError(
            f"{path} has labels that the model does not know ({', '.join(strange[:5])}); give the model that they were "
            "given for, or another --out."
        )


def _refuse_other_photographs(found: Labels, folder: Path, contents: Collection[str]) -> None:
    """Another folder is that of the file, moved, where it holds one of its photographs, and a stranger otherwise."""
    if found.history and found.folder != folder.resolve() and not any(m.content in contents for m in found.history):
        raise DataError(
            f"{found.path} has labels of the photographs in {found.folder}, none of which is in {folder}; give another "
            "--out."
        )


def _relative(folder: Path, path: Path) -> str:
    try:
        return Path(os.path.relpath(folder.resolve(), path.parent.resolve())).as_posix()
    except ValueError:  # on another drive of Windows
        return str(folder.resolve())


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
