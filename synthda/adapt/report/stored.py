"""What a report needs of the data, kept in the run's folder, so that it can be made again without them; no torch."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.run import Run
from synthda.manifest import FORMAT, read_manifest, write_json, written_then_named

ABOUT, ANSWERS, PICTURES, EMBEDDING = "gathered.json", "answers.npz", "pictures.npz", "embedding.npz"
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Answers:
    """What the deployed checkpoint says of n photographs.

    Attributes:
        predicted: (n,) index of the most probable class.
        confidence: (n,) its probability.
        entropy: (n,) of all probabilities, in nats.
        label: (n,) index of the true class, −1 where it is not known.
    """

    predicted: NDArray[np.int64]
    confidence: NDArray[np.float64]
    entropy: NDArray[np.float64]
    label: NDArray[np.int64]

    @property
    def right(self) -> NDArray[np.bool_]:
        """(n,) whether each photograph is recognised; False without a label."""
        right: NDArray[np.bool_] = self.predicted == self.label
        return right


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
    sides = {"target": found.target} | ({"evaluation": found.evaluation} if found.evaluation is not None else {})
    _write(folder / ANSWERS, {f"{side}_{name}": kept for side, one in sides.items() for name, kept in _slim(one)})
    jpegs = [picture.jpeg for picture in found.pictures]
    ends = np.cumsum([len(jpeg) for jpeg in jpegs], dtype=np.int64)
    _write(folder / PICTURES, {"bytes": np.frombuffer(b"".join(jpegs), dtype=np.uint8), "ends": ends})
    if found.embedding is None:
        (folder / EMBEDDING).unlink(missing_ok=True)
    else:
        _write(folder / EMBEDDING, {name: np.asarray(value) for name, value in vars(found.embedding).items()})
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
        answers, pictures = _read(folder / ANSWERS), _read(folder / PICTURES)
        ends = pictures["ends"].tolist()
        jpegs = [pictures["bytes"][first:end].tobytes() for first, end in zip([0, *ends], ends, strict=False)]
        shown = [Picture(jpeg=jpeg, **caption) for jpeg, caption in zip(jpegs, about["pictures"], strict=True)]
        evaluation = _answers(answers, "evaluation") if "evaluation_label" in answers else None
        return Stored(about, _answers(answers, "target"), evaluation, shown, read_embedding(run))
    except (KeyError, TypeError, AttributeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(str(error)) from error


def read_embedding(run: Run) -> Embedding | None:
    """The positions that were kept; None where there are none. Raises ValueError when they are damaged."""
    if not (run.gathered / EMBEDDING).exists():
        return None
    try:
        found = _read(run.gathered / EMBEDDING)
        return Embedding(found["before"], found["after"], found["target"], found["label"], str(found["key"]))
    except (KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(str(error)) from error


def _slim(answers: Answers) -> list[tuple[str, NDArray[Any]]]:
    """Single precision and short integers: a label of a million photographs takes two bytes."""
    kinds = {"predicted": np.int16, "confidence": np.float32, "entropy": np.float32, "label": np.int16}
    return [(name, getattr(answers, name).astype(kind)) for name, kind in kinds.items()]


def _answers(arrays: Arrays, side: str) -> Answers:
    predicted, label = (arrays[f"{side}_{name}"].astype(np.int64) for name in ("predicted", "label"))
    confidence, entropy = (arrays[f"{side}_{name}"].astype(np.float64) for name in ("confidence", "entropy"))
    return Answers(predicted, confidence, entropy, label)


def _write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    with written_then_named(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _read(path: Path) -> Arrays:
    with path.open("rb") as content, np.load(content, allow_pickle=False) as file:  # closed if it is damaged, too
        return {name: file[name] for name in file.files}
