"""What a format for other tools is: it writes a domain's images, and gives them back one by one."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from synthda.datasets import FORMATS
from synthda.datasets.domain import Domain
from synthda.datasets.packed import PhotoFile
from synthda.datasets.records import EXPORT, Layout
from synthda.datasets.shards import BLOCK
from synthda.manifest import disk_errors_told, partial_of
from synthda.settings import load

Progress = Callable[[int], None]

DIGITS = 8
"""Of the numbers that files are called by."""


@dataclass(frozen=True)
class Sample:
    """One image of a folder or an archive.

    Attributes:
        photo: the file.
        label: name of its class; None where it has none.
        record: what stands beside it, as `Records` wrote it; empty where the format has no place for it.
    """

    photo: PhotoFile
    label: str | None = None
    record: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Encoder:
    """An image (H, W, 3) uint8 as a file's bytes: PNG, which loses nothing, or JPEG of a quality of 1…100."""

    quality: int | None = None

    @property
    def suffix(self) -> str:
        return ".png" if self.quality is None else ".jpg"

    def __call__(self, image: NDArray[np.uint8]) -> bytes:
        stored = io.BytesIO()
        if self.quality is None:
            Image.fromarray(image).save(stored, "PNG")
        else:
            Image.fromarray(image).save(stored, "JPEG", quality=self.quality)
        return stored.getvalue()


class Format(Protocol):
    """One file a format; `FORMATS` names them."""

    carries_scenes: bool

    def write(self, domain: Domain, layout: Layout, out: Path, encoder: Encoder, progress: Progress) -> list[str]:
        """Write all but the manifest into `out`; what stands there from an earlier try of the same is kept.

        Returns:
            Names of the files whose checksums the manifest is to hold.
        """

    def recognises(self, path: Path) -> bool:
        """Whether `path` looks like this format; nothing is read."""

    def samples(self, path: Path, layout: Layout | None) -> Iterator[Sample]:
        """The images in their order; `layout` is the export's, None for a folder that synthda did not write.

        Raises:
            DataError: when something is missing or damaged.
        """


def load_format(name: str) -> Format:
    """The format called `name`; raises SettingError for a name that `FORMATS` lacks."""
    found: Format = load("format", name, FORMATS)()
    return found


def file_name(row: int, suffix: str) -> str:
    return f"{row:0{DIGITS}d}{suffix}"


def write_pictures(
    domain: Domain, place: Callable[[int], Path], encoder: Encoder, progress: Progress, out: Path
) -> None:
    """Write each row's picture to `place(row)`, whole or not at all; those that are there, and whole, are kept."""
    made: set[Path] = set()
    with disk_errors_told(out):
        for first in range(0, len(domain), BLOCK):
            last = min(first + BLOCK, len(domain))
            for row, image in enumerate(domain.images.read(np.arange(first, last)), first):
                path, content = place(row), encoder(image)
                if path.exists() and path.read_bytes() == content:  # a loss of power may have left it empty
                    continue
                if path.parent not in made:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    made.add(path.parent)
                partial = partial_of(path)
                partial.write_bytes(content)
                os.replace(partial, path)
            progress(last - first)
        if hasattr(os, "sync"):
            os.sync()  # once for all of them, before the manifest says that they are there: one by one takes minutes


def layout_path(path: Path) -> Path:
    """Where the manifest of the export that `path` is, or lies in, would be."""
    return (path if path.is_dir() else path.parent) / EXPORT
