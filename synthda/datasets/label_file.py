"""Labels that a person gave to photographs: a file of JSON lines whose two queues never share a photograph.

The first line says what is labelled, and may be said again further down, where the last word counts:
`{"format": 1, "kind": "labels", "photos": FOLDER, "seed": 0, "classes": […]}`. Each other line is one decision:
`{"content": SHA-256, "file": NAME, "queue": "measure", "label": CLASS, "at": TIME}`, the same with `"skipped": true` in
place of a label, or `{"undo": SHA-256, "at": TIME}`, which takes that photograph's latest line back. The folder is told
relative to the label file, and names relative to the folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from synthda.datasets.domain import UNKNOWN, ArrayImages, Domain
from synthda.datasets.folders import leads_out
from synthda.datasets.photos import read_photos
from synthda.datasets.resize import Fit, Size
from synthda.errors import DataError
from synthda.manifest import FORMAT, sha256_of

Queue = Literal["measure", "teach"]
"""`measure`: drawn at random, for evaluation alone. `teach`: what the model is unsure of, for training alone."""

QUEUES: tuple[Queue, ...] = get_args(Queue)
SUFFIX = ".jsonl"
KIND = "labels"


@dataclass(frozen=True)
class Decision:
    """What a person said of one photograph.

    Attributes:
        content: SHA-256 (hex) of the file: copies under other names are one photograph.
        file: its name, relative to the folder, with `/`.
        queue: the queue in which it was shown.
        label: a class; `unknown` for none of them; None where it was skipped.
    """

    content: str
    file: str
    queue: Queue
    label: str | None


@dataclass(frozen=True)
class Labels:
    """A label file as it stands.

    Attributes:
        path: the file.
        folder: of the photographs.
        seed: by which the photographs were divided between the queues.
        classes: that could be chosen.
        history: decisions that were not taken back, oldest first.
    """

    path: Path
    folder: Path
    seed: int
    classes: tuple[str, ...]
    history: tuple[Decision, ...]

    def latest(self, queue: Queue) -> dict[str, Decision]:
        """As the function of that name."""
        return latest(self.history, queue)


def latest(history: Iterable[Decision], queue: Queue) -> dict[str, Decision]:
    """The decision that counts, of each photograph of a queue, by content, in the order in which they were made."""
    found: dict[str, Decision] = {}
    for made in history:
        if made.queue == queue:
            found.pop(made.content, None)
            found[made.content] = made
    return found


def read_labels(path: Path) -> Labels:
    """Read a label file; half a line at its end, which a crash leaves behind, does not count.

    Raises:
        DataError: when it is missing, damaged elsewhere, no label file, or has one photograph in both queues.
    """
    about: dict[str, Any] = {}
    history: list[Decision] = []
    for number, line in enumerate(whole_lines(path)[0], 1):
        try:
            content = json.loads(line)
            if "undo" in content:
                _take_back(history, content["undo"])
            elif "kind" in content:
                about = _checked(content)
            else:
                history.append(_decision(content))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
            raise DataError(
                f"Line {number} of {path} is damaged ({reason}); restore it, or remove it. Only files of synthda label "
                "are read."
            ) from error
    if not about:
        raise DataError(f"{path} is no file of labels; make one with: synthda label RUN PHOTOS --out {path}")
    _refuse_shared(path, history)
    folder = (path.parent / about["photos"]).resolve()
    return Labels(path, folder, about["seed"], tuple(about["classes"]), tuple(history))


def whole_lines(path: Path) -> tuple[list[bytes], int]:
    """The lines of a label file and how many bytes they take; a torn last one is left out.

    Raises:
        DataError: when the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); make it with synthda label.") from error
    *lines, last = content.split(b"\n")
    if last and _is_json(last):  # an editor left out the newline: half an object would be no JSON
        lines.append(last)
        last = b""
    return [line for line in lines if line.strip()], len(content) - len(last)


def open_labels(path: Path, queue: Queue, *, size: Size, fit: Fit = "stretch") -> Domain:
    """The photographs of one queue with their labels, decoded into memory.

    Args:
        path: the label file.
        queue: which labels to read; those of the other one are never looked at.
        size, fit: as in `open_folder`.

    Returns:
        A domain in the order of the decisions, with a class `unknown` where photographs are none of the others.
        Photographs that are gone or have changed since are told in `skipped`.

    Raises:
        DataError: when the file is damaged, or the queue has no usable photograph.
    """
    found = read_labels(path)
    given = [made for made in found.latest(queue).values() if made.label is not None]
    if not given:
        raise DataError(
            f"{path} has no label in its {queue} queue yet; give some: synthda label RUN {found.folder} --out {path}"
        )
    with ThreadPoolExecutor() as pool:
        reasons = list(pool.map(lambda made: _unusable(found, made), given))
    usable = [made for made, reason in zip(given, reasons, strict=True) if not reason]
    skipped = [f"{made.file}: {reason}" for made, reason in zip(given, reasons, strict=True) if reason]
    array, kept, bad = read_photos([found.folder / made.file for made in usable], size, fit)
    skipped += [f"{usable[place].file}: {reason}" for place, reason in bad]
    if not kept:
        raise DataError(
            f"None of the {len(given)} photographs of {path}:{queue} can be used; the first is {skipped[0]}."
        )
    names = [usable[place].label or UNKNOWN for place in kept]
    classes = tuple(dict.fromkeys((*found.classes, *names)))
    index = {name: label for label, name in enumerate(classes)}
    return Domain(
        images=ArrayImages(array),
        labels=np.array([index[name] for name in names], dtype=np.int64),
        classes=classes,
        paths=tuple(usable[place].file for place in kept),
        skipped=tuple(skipped),
        name=f"{path.stem}:{queue}",
    )


def label_spec(spec: str) -> tuple[Path, Queue | None] | None:
    """The label file that `FILE.jsonl` or `FILE.jsonl:QUEUE` names, and the queue; None for any other spec."""
    name, colon, queue = spec.rpartition(":")
    if colon and queue in QUEUES and name.endswith(SUFFIX):
        return Path(name).expanduser(), queue
    return (Path(spec).expanduser(), None) if spec.endswith(SUFFIX) else None


def for_queue(spec: str, queue: Queue) -> str:
    """`spec`, with the queue that its reader may read where it names a label file.

    Raises:
        DataError: when it asks for the other queue.
    """
    found = label_spec(spec)
    if found is None:
        return spec
    path, asked = found
    if asked not in (None, queue):
        use = {"measure": "evaluation", "teach": "training"}
        raise DataError(f"{spec} asks for labels that are for {use[asked]} alone; {use[queue]} takes {path}:{queue}.")
    return f"{path}:{queue}"


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _checked(about: Mapping[str, Any]) -> dict[str, Any]:
    if about["kind"] != KIND or not isinstance(about["format"], int):
        raise ValueError("it is of another kind of file")
    if about["format"] > FORMAT:
        raise ValueError(f"it has format {about['format']}, and this synthda reads {FORMAT}")
    return {"photos": str(about["photos"]), "seed": int(about["seed"]), "classes": [str(n) for n in about["classes"]]}


def _decision(content: Mapping[str, Any]) -> Decision:
    file, queue = content["file"], content["queue"]
    if leads_out(file):
        raise ValueError(f"{file} lies outside of the folder")
    if queue not in QUEUES:
        raise ValueError(f"there is no queue {queue!r}")
    label = None if content.get("skipped") else str(content["label"])
    return Decision(str(content["content"]), file, queue, label)


def _take_back(history: list[Decision], content: str) -> None:
    places = (place for place in reversed(range(len(history))) if history[place].content == content)
    place = next(places, None)
    if place is None:
        raise ValueError("it takes back what was not said")
    del history[place]


def _refuse_shared(path: Path, history: list[Decision]) -> None:
    queues: dict[str, Queue] = {}
    for made in history:
        if queues.setdefault(made.content, made.queue) != made.queue:
            raise DataError(
                f"{path} has {made.file} in both queues, so that a score on it would say nothing; remove its lines in "
                "one of the two."
            )


def _unusable(found: Labels, made: Decision) -> str:
    """Why a labelled photograph cannot be used; empty where it can."""
    try:
        same = sha256_of(found.folder / made.file) == made.content
    except FileNotFoundError:
        return f"it is no longer in {found.folder}"
    except OSError as error:
        return error.strerror or "it cannot be read"
    return "" if same else "it has changed since it was labelled"
