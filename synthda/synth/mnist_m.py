"""MNIST-M: handwritten digits blended with crops of colour photographs (Ganin et al. 2016, JMLR 17, §5.2.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from synthda.datasets import DATASETS
from synthda.datasets.domain import Domain, Scenes, each_content, in_memory
from synthda.datasets.mnist import MNIST
from synthda.datasets.specs import open_domain
from synthda.errors import DataError, SettingError
from synthda.settings import Between
from synthda.synth.photographs import Photographs, Split, load_photographs, split_of
from synthda.synth.renderer import columns, in_pieces

PIXELS_AT_ONCE = 256 * 32 * 32
SCENE = columns(label="i8", digit="i4", photo="i4", crop_x="i4", crop_y="i4")
"""`digit` is an index into the digit set, `photo` a code, `crop_x` and `crop_y` pixels from the photograph's corner."""


@dataclass(frozen=True, kw_only=True)
class MnistM:
    """I_out = |I_digit − I_photo| in each pixel and channel: the digit inverts the photograph where its ink is.

    Digits and photographs are drawn uniformly, with replacement. Training and test images share neither digits nor
    photographs: public data sets have their own division, digits of any other kind are divided by what they show, and
    photographs as `load_photographs` says.
    """

    digits: Annotated[str, "folder that holds MNIST/raw, or any labelled digits, e.g. usps"] = "mnist"
    backgrounds: Annotated[str, "folder of photographs, e.g. BSDS500/data/images"] = ""
    split: Annotated[Split, "which digits and photographs: training and test ones never mix"] = "train"
    style: Annotated[Literal["grey", "binary"], "digits as scanned, or only full ink and none"] = "grey"
    threshold: Annotated[int, "grey level above which a binary digit has ink, of 255", Between(0, 254)] = 0
    size: Annotated[int, "side of the image, pixels", Between(8, 1024)] = 28
    margin: Annotated[int, "photograph left free on each side of the digit, pixels", Between(0, 512)] = 0

    def __post_init__(self) -> None:
        if self.size - 2 * self.margin < 8:
            raise SettingError(
                f"margin={self.margin} leaves under 8 pixels for the digit in size={self.size}; "
                f"margin accepts 0…{(self.size - 8) // 2} at this size."
            )

    @property
    def classes(self) -> tuple[str, ...]:
        return self._digits.classes

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.size, self.size, 3

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        return {"photo": self._photographs.names}

    @property
    def inputs(self) -> Mapping[str, str]:
        return {**self._digits.inputs, **self._photographs.inputs}

    @property
    def skipped(self) -> tuple[str, ...]:
        """One line per photograph that could not be used."""
        return self._photographs.skipped

    def sample(self, rng: np.random.Generator, n: int) -> Scenes:
        scenes = np.zeros(n, SCENE)
        scenes["digit"] = rng.integers(len(self._digits.labels), size=n)
        scenes["label"] = self._digits.labels[scenes["digit"]]
        scenes["photo"] = rng.integers(len(self._photographs), size=n)
        room = self._photographs.shapes[scenes["photo"]] - self.size + 1
        scenes["crop_y"] = rng.integers(room[:, 0])
        scenes["crop_x"] = rng.integers(room[:, 1])
        return scenes

    def render(self, scenes: Scenes) -> NDArray[np.uint8]:
        return in_pieces(self._rendered, scenes, self.image_shape, PIXELS_AT_ONCE)

    def _rendered(self, scenes: Scenes) -> NDArray[np.uint8]:
        size, photographs = self.size, self._photographs.images
        blended = np.empty((len(scenes), size, size, 3), np.uint8)
        places = zip(*(scenes[name].tolist() for name in ("photo", "crop_x", "crop_y")), strict=True)
        for row, (photo, x, y) in enumerate(places):
            blended[row] = photographs[photo][y : y + size, x : x + size]
        ink = np.repeat(self._ink(scenes["digit"])[..., None], 3, axis=3)
        # absdiff, since uint8 subtraction wraps: |10 − 255| would be 11.
        cv2.absdiff(ink.reshape(-1, size), blended.reshape(-1, size), dst=blended.reshape(-1, size))
        return blended

    def _ink(self, rows: NDArray[np.int32]) -> NDArray[np.uint8]:
        """(n, size, size) ink of the digits at `rows`, 0 on the margin."""
        side = self.size - 2 * self.margin
        digits = self._digits.images[rows]
        if digits.shape[1:] != (side, side):
            how = cv2.INTER_AREA if max(digits.shape[1:]) > side else cv2.INTER_LINEAR
            digits = np.stack([cv2.resize(digit, (side, side), interpolation=how) for digit in digits])
        if self.style == "binary":
            digits = np.where(digits > self.threshold, np.uint8(255), np.uint8(0))
        return (
            np.pad(digits, ((0, 0), (self.margin, self.margin), (self.margin, self.margin))) if self.margin else digits
        )

    @cached_property
    def _digits(self) -> _Digits:
        return _load_digits(self.digits, self.split)

    @cached_property
    def _photographs(self) -> Photographs:
        if not self.backgrounds:
            raise SettingError("mnist-m needs photographs; give their folder with --backgrounds DIR.")
        return load_photographs(Path(self.backgrounds), split=self.split, at_least=self.size)


@dataclass(frozen=True, eq=False)
class _Digits:
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    inputs: dict[str, str]


@lru_cache(maxsize=2)
def _load_digits(spec: str, split: Split) -> _Digits:
    """(N, H, W) ink of the digits, read once in a process."""
    name, _, part = spec.partition(":")
    if part and part != split and name in DATASETS:
        raise SettingError(f"digits={spec} contradicts split={split}; give digits={name} and choose with split.")
    if name in DATASETS:
        domain = open_domain(f"{name}:{split}", labelled=True)
    elif Path(spec).is_dir() and MNIST.is_in(Path(spec)):
        domain = MNIST.read(Path(spec), split)
    else:
        domain = _part(open_domain(spec, size=(28, 28), labelled=True), split)
    colours = in_memory(domain.images)
    ink = np.stack([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in colours])
    digest = hashlib.sha256(ink.tobytes())
    digest.update(domain.labels.tobytes())
    return _Digits(ink, domain.labels, domain.classes, {f"digits/{domain.name}": digest.hexdigest()})


def _part(domain: Domain, split: Split) -> Domain:
    """One image in five is a test image, by a hash of its pixels: copies stay on one side."""
    mine = [row for row, content in enumerate(each_content(domain.images)) if split_of(content) == split]
    if not mine:
        raise DataError(f"{domain.name or 'The digits'} has no image for the {split} split; give more labelled digits.")
    return domain.rows(np.array(mine, dtype=np.int64))
