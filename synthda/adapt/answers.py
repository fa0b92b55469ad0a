"""What a trained run says of its photographs: asked once, kept in its folder, read by its report; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from synthda.adapt.array_file import Arrays, read_arrays, write_arrays
from synthda.adapt.distance import some_rows

MOST_ASKED = 5000
"""Target photographs."""


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

    @classmethod
    def of(cls, probabilities: NDArray[np.float32], label: NDArray[np.int64]) -> Answers:
        """From class probabilities (n, K) and labels (n,)."""
        confidence = probabilities.max(axis=1).astype(np.float64)
        return cls(probabilities.argmax(axis=1), confidence, entr(probabilities.astype(np.float64)).sum(axis=1), label)

    @property
    def right(self) -> NDArray[np.bool_]:
        """(n,) whether each photograph is recognised; False without a label."""
        right: NDArray[np.bool_] = self.predicted == self.label
        return right


def asked_rows(n: int) -> NDArray[np.int64]:
    """Which of n target photographs a run is asked about, in their order."""
    return some_rows(n, most=MOST_ASKED)


def write_answers(path: Path, target: Answers, evaluation: Answers | None) -> None:
    """Write both as one file, `evaluation` where there is one.

    Raises:
        SynthdaError: when the disk is full.
    """
    sides = {"target": target} | ({"evaluation": evaluation} if evaluation is not None else {})
    write_arrays(path, {f"{side}_{name}": kept for side, one in sides.items() for name, kept in _slim(one)})


def read_answers(path: Path) -> tuple[Answers, Answers | None]:
    """What `write_answers` wrote.

    Raises:
        ValueError: when the file is missing or damaged.
    """
    try:
        arrays = read_arrays(path)
        return _answers(arrays, "target"), _answers(arrays, "evaluation") if "evaluation_label" in arrays else None
    except KeyError as error:
        raise ValueError(f"{path} lacks {error}") from error


def _slim(answers: Answers) -> list[tuple[str, NDArray[Any]]]:
    """Single precision and short integers: a label of a million photographs takes two bytes."""
    kinds = {"predicted": np.int16, "confidence": np.float32, "entropy": np.float32, "label": np.int16}
    return [(name, getattr(answers, name).astype(kind)) for name, kind in kinds.items()]


def _answers(arrays: Arrays, side: str) -> Answers:
    predicted, label = (arrays[f"{side}_{name}"].astype(np.int64) for name in ("predicted", "label"))
    confidence, entropy = (arrays[f"{side}_{name}"].astype(np.float64) for name in ("confidence", "entropy"))
    return Answers(predicted, confidence, entropy, label)
