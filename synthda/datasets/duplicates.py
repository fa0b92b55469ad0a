"""Images that occur twice: exact copies by content, near ones by a perceptual hash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.contact_sheet import evenly
from synthda.datasets.domain import ArrayImages, Images, content_hashes

MOST_EXAMINED = 20_000
"""Of a larger domain so many images, evenly spaced, are compared with one another, which takes a second or two; a copy
of an image that is not among them is not found."""

NEAR = 3
"""Bits of 64 by which the hashes of near twins differ at most."""

CLOSE = 3
"""Levels of 255 by which their thumbnails, brought to one mean, differ on average at most. The hash alone takes any
two handwritten ones for the same."""

EXAMPLES = 5
THUMBNAIL = (8, 9)
BLOCK = 1024
ROWS_AT_ONCE = 16


@dataclass(frozen=True)
class Twins:
    """How many of the examined images have a twin among them.

    Attributes:
        of: images of the domain.
        examined: those that were compared: all of them, up to `MOST_EXAMINED`.
        exact: images of which there is another with the same pixels.
        near: others of which there is one that looks the same: resized, recompressed, a frame later.
        examples: some pairs of row numbers, exact ones first.
    """

    of: int
    examined: int
    exact: int
    near: int
    examples: list[tuple[int, int]]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def twins_in(images: Images, most: int = MOST_EXAMINED) -> Twins:
    """Count the twins among at most `most` images; they are read in blocks, and 100 bytes of each are kept."""
    rows = evenly(images.shape[0], most)
    if not len(rows):
        return Twins(of=0, examined=0, exact=0, near=0, examples=[])
    contents: list[str] = []
    thumbnails = np.empty((len(rows), *THUMBNAIL), dtype=np.uint8)
    for first in range(0, len(rows), BLOCK):
        block = images.read(rows[first : first + BLOCK])
        contents += content_hashes(ArrayImages(block))
        thumbnails[first : first + BLOCK] = _thumbnails(block)
    _, firsts, groups, counts = np.unique(contents, return_index=True, return_inverse=True, return_counts=True)
    exact = np.flatnonzero(counts[groups] > 1)
    copies = [place for place in exact if firsts[groups[place]] != place][:EXAMPLES]
    pairs = [(int(firsts[groups[place]]), int(place)) for place in copies]
    near = np.zeros(len(firsts), dtype=bool)  # of each content once: exact copies are no near twins of one another
    for one, other in _near_pairs(thumbnails[firsts], near):
        near[[one, other]] = True
        pair = (int(min(firsts[one], firsts[other])), int(max(firsts[one], firsts[other])))
        if len(pairs) < EXAMPLES and pair not in pairs:
            pairs.append(pair)
    return Twins(
        of=images.shape[0],
        examined=len(rows),
        exact=len(exact),
        near=int((near & (counts == 1)).sum()),
        examples=[(int(rows[one]), int(rows[other])) for one, other in pairs],
    )


def difference_hashes(thumbnails: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """64 bits of each grey thumbnail (N, 8, 9): where a pixel is brighter than its left neighbour."""
    brighter = thumbnails[:, :, 1:] > thumbnails[:, :, :-1]
    hashes: NDArray[np.uint64] = np.packbits(brighter.reshape(-1, 64), axis=1).view(np.uint64)[:, 0]
    return hashes


def _thumbnails(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(N, 8, 9) grey, each pixel the mean of an area."""
    small = np.empty((len(images), *THUMBNAIL), dtype=np.uint8)
    for row, image in enumerate(images):
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        small[row] = cv2.resize(grey, THUMBNAIL[::-1], interpolation=cv2.INTER_AREA)
    return small


def _near_pairs(thumbnails: NDArray[np.uint8], found: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Pairs of near twins, at least one for each that has any; rows in `found`, kept by the caller, are done with."""
    hashes = difference_hashes(thumbnails)
    deviations = thumbnails.reshape(len(thumbnails), -1).astype(np.int16)
    deviations -= deviations.mean(axis=1, keepdims=True).astype(np.int16)
    for first in range(0, len(hashes), ROWS_AT_ONCE):
        some = np.arange(first, min(first + ROWS_AT_ONCE, len(hashes)))
        some = some[~found[some]]
        bits = np.bitwise_count(hashes[some, None] ^ hashes[None])
        ones, others = np.nonzero(bits <= NEAR)
        ones = some[ones]
        apart = ones != others
        ones, others = ones[apart], others[apart]
        differences = np.abs(deviations[ones] - deviations[others]).mean(axis=1)
        close = differences <= CLOSE
        yield from zip(ones[close].tolist(), others[close].tolist(), strict=True)
