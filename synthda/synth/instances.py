"""What of each product is seen in a rendered image: class, box and mask, for detectors and segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthda.synth.canvas import Canvas

LEAST = 9
"""Pixels of which at least something must show to count as seen."""


@dataclass(frozen=True, eq=False)
class Instance:
    """One product in one image.

    Attributes:
        label: of its class.
        template: place of its picture among the templates.
        box: left, top, width and height of what is seen, whole pixels.
        mask: (H, W) bool, where it is seen; the masks of an image are disjoint.
    """

    label: int
    template: int
    box: tuple[int, int, int, int]
    mask: NDArray[np.bool_]

    @property
    def area(self) -> int:
        """Pixels that are seen."""
        return int(self.mask.sum())


def seen(canvas: Canvas, labels: Sequence[int], at_least: int = LEAST) -> list[Instance]:
    """The products that are seen on a canvas, those that were drawn first first.

    Args:
        canvas: a finished scene.
        labels: of each template's class.
        at_least: pixels; smaller ones are left out.
    """
    numbers, counts = np.unique(canvas.owners, return_counts=True)
    found = []
    for number in numbers[(numbers >= 0) & (counts >= at_least)].tolist():
        mask = canvas.owners == number
        code = canvas.pasted[number]
        found.append(Instance(labels[code], code, box_of(mask), mask))
    return found


def box_of(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, width and height of the smallest box around a mask that is not empty."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1


def run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    """COCO's uncompressed RLE: lengths of runs of 0 and 1 in turn, down the columns, the first of 0."""
    flat = np.concatenate([[False], mask.T.ravel(), [not mask[-1, -1]]])
    borders = np.flatnonzero(flat[1:] != flat[:-1])
    counts: list[int] = np.diff(borders, prepend=0).tolist()
    return counts
