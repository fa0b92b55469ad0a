"""What a report needs of the data, kept in the run's folder, so that it can be made again without them; no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.answers import Answers, read_answers, write_answers
from synthda.adapt.array_file import read_arrays, write_arrays
from synthda.adapt.run import Run
from synthda.manifest import FORMAT, read_manifest, write_json

ABOUT, ANSWERS, PICTURES, EMBEDDING = "gathered.json", "answers.npz", "pictures.npz", "embedding.npz"


@dataclass(frozen=True)
class Picture:
    """A photograph or a rendering, as the network sees it.

    Attributes:
        group: where it is shown: `confident`, `doubtful`, `mistakes`, `source` or `target`.
        jpeg: the bytes of the file, at most 96 px on a side.
        name: of the file that it came from, or its number in its domain.
        predicted, label: class names; empty where there is none.
        confidence: of the prediction; 0 where there is none.
    """

    group: str
    jpeg: bytes
    name: str
    predicted: str = ""
    label: str = ""
    confidence: float = 0.0


@dataclass(frozen=True, eq=False)
class Embedding:
    """Features of source and target in the plane.

    Attributes:
        before, after: (n, 2) positions by t-SNE.
        target: (n,) whether an image is of the target.
        label: (n,) index of its class.
        key: a hash of the features that were laid out: equal features are not laid out again.
    """

    before: NDArray[np.float32]
    after: NDArray[np.float32]
    target: NDArray[np.bool_]
    label: NDArray[np.int64]
    key: str


@dataclass(frozen=True, eq=False)
class Stored:
    """All that was gathered.

    Attributes:
        about: names, counts, the source's class shares, accuracy by factor: what is small.
        target, evaluation: answers; None where there was no such domain.
        pictures: in the order in which they are shown.
        embedding: None where there was no source to lay out beside the target.
    """

    about: Mapping[str, Any]
    target: Answers
    evaluation: Answers | None
    pictures: Sequence[Picture]
    embedding: Embedding | None


def write_stored(run: Run, found: Stored) -> None:
    """Write the folder; `gathered.json` comes last, and without it there is nothing.

    Raises:
        SynthdaError: when the disk is full.
    """
    folder = run.gathered
    (folder / ABOUT).unlink(missing_ok=True)
    write_answers(folder / ANSWERS, found.target, found.evaluation)
    jpegs = [picture.jpeg for picture in found.pictures]
    ends = np.cumsum([len(jpeg) for jpeg in jpegs], dtype=np.int64)
    write_arrays(folder / PICTURES, {"bytes": np.frombuffer(b"".join(jpegs), dtype=np.uint8), "ends": ends})
    if found.embedding is None:
        (folder / EMBEDDING).unlink(missing_ok=True)
    else:
        write_arrays(folder / EMBEDDING, {name: np.asarray(value) for name, value in vars(found.embedding).items()})
    captions = [{key: value for key, value in vars(one).items() if key != "jpeg"} for one in found.pictures]
    write_json(folder / ABOUT, {"format": FORMAT, "kind": "report", **found.about, "pictures": captions})


def read_stored(run: Run) -> Stored | None:
    """What `write_stored` wrote; None where there is nothing.

    Raises:
        DataError: when `gathered.json` is damaged.
        ValueError: when another part is missing or damaged.
    """
    folder = run.gathered
    if not (folder / ABOUT).exists():
        return None
    about = read_manifest(folder / ABOUT)
    try:
        about["target"]["asked"], about["source"], about["placed"]  # what the page counts on
        target, evaluation = read_answers(folder / ANSWERS)
        pictures = read_arrays(folder / PICTURES)
        ends = pictures["ends"].tolist()
        jpegs = [pictures["bytes"][first:end].tobytes() for first, end in zip([0, *ends], ends, strict=False)]
        shown = [Picture(jpeg=jpeg, **caption) for jpeg, caption in zip(jpegs, about["pictures"], strict=True)]
        return Stored(about, target, evaluation, shown, read_embedding(run))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(str(error)) from error


def read_embedding(run: Run) -> Embedding | None:
    """The positions that were kept; None where there are none. Raises ValueError when they are damaged."""
    if not (run.gathered / EMBEDDING).exists():
        return None
    try:
        found = read_arrays(run.gathered / EMBEDDING)
        return Embedding(found["before"], found["after"], found["target"], found["label"], str(found["key"]))
    except KeyError as error:
        raise ValueError(str(error)) from error
