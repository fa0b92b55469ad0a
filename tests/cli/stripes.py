"""A renderer small enough for tests: bars whose direction is the label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Scenes
from synthda.settings import Between
from synthda.synth.renderer import columns

SCENE = columns(label="i8", brightness="f4", paper="i2", noise_seed="i8")


@dataclass(frozen=True, kw_only=True)
class Stripes:
    """Upright or level bars on paper."""

    side: Annotated[int, "of the image, pixels", Between(8, 64)] = 16

    @property
    def classes(self) -> tuple[str, ...]:
        return ("level", "upright")

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.side, self.side, 3

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        return {"paper": ("white", "grey", "brown")}

    @property
    def inputs(self) -> Mapping[str, str]:
        return {}

    def sample(self, rng: np.random.Generator, n: int) -> Scenes:
        scenes = np.zeros(n, SCENE)
        scenes["label"] = rng.integers(2, size=n)
        scenes["brightness"] = rng.uniform(0.5, 1, n)
        scenes["paper"] = rng.integers(3, size=n)
        scenes["noise_seed"] = rng.integers(1 << 40, size=n)
        return scenes

    def render(self, scenes: Scenes) -> NDArray[np.uint8]:
        bar = (np.arange(self.side) // 2 % 2).astype(np.float64)
        upright = np.broadcast_to(bar, (self.side, self.side))
        patterns = np.stack([upright.T, upright])[scenes["label"]]
        images = 55 + 50 * scenes["paper"][:, None, None] + 100 * patterns * scenes["brightness"][:, None, None]
        return np.repeat(images.astype(np.uint8)[..., None], 3, axis=3)
