"""Price tags as stores have them on their shelves and crates: paper, a price, lines of small print."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from synthda.synth.assortment import Picture
from synthda.synth.draws import shares

COUNT = 24
HEIGHT = 64
PAPERS = ((250, 250, 246), (252, 244, 205), (255, 214, 40), (215, 30, 40), (240, 150, 190), (250, 250, 250))
SALT = 700
"""Salt 700 is the tags'."""


@cache
def tags() -> tuple[Picture, ...]:
    """COUNT tags, the same in every process."""
    return tuple(_tag(number) for number in range(COUNT))


def _tag(number: int) -> Picture:
    u = shares(number, 12, SALT)
    paper = PAPERS[int(u[0] * len(PAPERS))]
    width = int(HEIGHT * (1.1 + 1.3 * u[1]))
    image = np.full((HEIGHT, width, 3), paper, np.uint8)
    ink = (255, 255, 255) if sum(paper) < 400 else (200, 20, 30) if u[2] < 0.3 else (25, 25, 30)
    for line in range(1 + int(3 * u[3])):
        top = 6 + 7 * line
        end = 6 + int((width - 12) * (0.4 + 0.6 * u[4 + line]))
        cv2.line(image, (6, top), (end, top), ink, 2)
    price = f"{int(5 + 90 * u[8])}{'.90' if u[9] < 0.5 else ''}"
    scale = min(1.3, (width - 8) / (24 * len(price)) * 1.1)
    cv2.putText(image, price, (6, HEIGHT - 8), cv2.FONT_HERSHEY_DUPLEX, scale, ink, 3, cv2.LINE_AA)
    if u[10] < 0.3:
        image[:9] = (210, 25, 40)
    alpha = np.full((HEIGHT, width, 1), 255, np.uint8)
    return Picture(np.dstack([image, alpha]))
