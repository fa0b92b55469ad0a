"""What a renderer is, and how its scenes are drawn: by (seed, block), so that any worker makes the same images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.datasets.shards import BLOCK
from synthda.errors import SettingError

SEEDS = 1 << 32
"""How many seeds there are: NumPy takes seed and block 32 bits at a time, and [2³² · 7 + 5, 0] for [5, 7]."""


class Renderer(Protocol):
    """Scenes from a generator, images from scenes. A renderer is a frozen dataclass of its settings: it pickles."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; the scene column `label` indexes them."""

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """H, W, 3 of every image."""

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """By choice column, what each integer code means; code 0 of `font` may be Arial.ttf."""

    @property
    def inputs(self) -> Mapping[str, str]:
        """SHA-256 by name of every file that the images depend on: fonts, photographs, templates."""

    def sample(self, rng: np.random.Generator, n: int) -> Scenes:
        """Draw n scenes: one row an image, one column a factor, with a `label` column."""

    def render(self, scenes: Scenes) -> NDArray[np.uint8]:
        """(n, H, W, 3) images. Draws nothing: the same row gives the same pixels, alone or in its block."""


def sample_block(renderer: Renderer, seed: int, block: int) -> Scenes:
    """The scenes of one block: a pure function of (settings, seed, block); raises SettingError as `check_seed`."""
    check_seed(seed)
    return renderer.sample(np.random.default_rng([seed, block]), BLOCK)


def check_seed(seed: int) -> None:
    """Raise SettingError for a seed whose images would be those of another."""
    if not 0 <= seed < SEEDS:
        raise SettingError(
            f"seed={seed} is out of range; renderings accept 0…{SEEDS - 1}, for larger seeds repeat their images."
        )


def steady() -> None:
    """From here on neither the bytes nor the rate depend on OpenCV's threads.

    IPP is off, too: its distance transform differs in the last bit from one call to the next.
    """
    cv2.setNumThreads(1)
    cv2.ipp.setUseIPP(False)


def in_pieces(
    render: Callable[[Scenes], NDArray[np.uint8]], scenes: Scenes, image_shape: tuple[int, int, int], pixels: int
) -> NDArray[np.uint8]:
    """The images of `scenes`, rendered at most `pixels` pixels at a time, one process's way on every machine."""
    steady()
    images = np.empty((len(scenes), *image_shape), np.uint8)
    at_once = max(1, pixels // (image_shape[0] * image_shape[1]))
    for first in range(0, len(scenes), at_once):
        rows = slice(first, first + at_once)
        images[rows] = render(scenes[rows])
    return images


def render_rows(renderer: Renderer, seed: int, count: int) -> tuple[Scenes, NDArray[np.uint8]]:
    """The first `count` scenes and images of a domain, without writing it."""
    blocks = [sample_block(renderer, seed, block) for block in range(-(-count // BLOCK))]
    scenes: Scenes = np.concatenate(blocks)[:count]
    return scenes, renderer.render(scenes)


def columns(**formats: str) -> np.dtype[Any]:
    """A scene table's dtype from `name="f4"` pairs, in the order given."""
    return np.dtype(list(formats.items()))
