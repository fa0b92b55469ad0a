"""Which photographs a report shows, and their thumbnails; no torch."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from synthda.adapt.answers import Answers
from synthda.adapt.distance import some_rows
from synthda.adapt.report.stored import Picture
from synthda.datasets.domain import Images

SIDE = 96
"""Longest side of a thumbnail, px."""
QUALITY = 86
CONFIDENT = 320
"""Most confident photographs of all classes together, so that a thousand classes do not fill the page."""
EACH = 8
"""Of one class."""
ROW = 24
"""Least confident photographs, worst mistakes, renderings."""


@dataclass(frozen=True, eq=False)
class Shown:
    """Photographs with what is said of them.

    Attributes:
        images: N images.
        answers: of `rows`, in their order.
        rows: (n,) which of the images were asked.
        classes: names of the answers.
        paths: of all N images, where they came from files.
    """

    images: Images
    answers: Answers
    rows: NDArray[np.int64]
    classes: tuple[str, ...]
    paths: Sequence[str] | None = None

    def pictures(self, group: str, places: Sequence[int]) -> Iterator[Picture]:
        """The photographs at `places` of the answers, with their captions."""
        if not len(places):
            return
        rows = self.rows[list(places)]
        for place, row, image in zip(places, rows.tolist(), self.images.read(rows), strict=True):
            label = int(self.answers.label[place])
            yield Picture(
                group=group,
                jpeg=thumbnail(image),
                name=str(row) if self.paths is None else self.paths[row],
                predicted=self.classes[int(self.answers.predicted[place])],
                label=self.classes[label] if label >= 0 else "",
                confidence=round(float(self.answers.confidence[place]), 4),
            )


def confident(answers: Answers) -> list[int]:
    """Places of the surest answers, class after class: at most 8 of each; of very many classes, the most predicted."""
    present, counts = np.unique(answers.predicted, return_counts=True)
    each = int(np.clip(CONFIDENT // max(1, len(present)), 2, EACH))
    chosen: list[int] = []
    for label in np.sort(present[np.argsort(-counts, kind="stable")][: CONFIDENT // each]):
        own = np.flatnonzero(answers.predicted == label)
        chosen += own[np.argsort(-answers.confidence[own], kind="stable")][:each].tolist()
    return chosen


def doubtful(answers: Answers) -> list[int]:
    """Places of the least sure answers, that first."""
    least: list[int] = np.argsort(answers.confidence, kind="stable")[:ROW].tolist()
    return least


def mistakes(answers: Answers) -> list[int]:
    """Places of the surest wrong answers, that first; those without a label are no mistakes."""
    wrong = np.flatnonzero(~answers.right & (answers.label >= 0))
    worst: list[int] = wrong[np.argsort(-answers.confidence[wrong], kind="stable")][:ROW].tolist()
    return worst


def some_pictures(group: str, images: Images, names: Sequence[str], labels: Sequence[str]) -> Iterator[Picture]:
    """A few images chosen at random, for the eye to compare.

    Args:
        names: of all images; none for their numbers.
        labels: class names of all images; none where they are not known.
    """
    rows = some_rows(images.shape[0], most=ROW)
    for row, image in zip(rows.tolist(), images.read(rows), strict=True):
        name, label = names[row] if names else str(row), labels[row] if labels else ""
        yield Picture(group=group, jpeg=thumbnail(image), name=name, label=label)


def thumbnail(image: NDArray[np.uint8]) -> bytes:
    """An image (H, W, 3) as a JPEG of at most 96 px on a side; smaller ones keep their pixels."""
    shrunk = Image.fromarray(image)
    shrunk.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    shrunk.save(content, format="JPEG", quality=QUALITY, subsampling=0, optimize=True)
    return content.getvalue()
