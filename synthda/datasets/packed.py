"""Photographs wherever they lie: a path, or the bytes of a file inside of an archive."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class PackedPhoto:
    """A file's bytes under its name, which is for messages and is never opened."""

    name: str
    content: bytes

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix

    def __str__(self) -> str:
        return self.name


PhotoFile = Path | PackedPhoto
"""What the decoder of photographs takes."""


def open_bytes(photo: PhotoFile) -> io.BufferedReader | io.BytesIO:
    """The file, to be read and closed."""
    return io.BytesIO(photo.content) if isinstance(photo, PackedPhoto) else photo.open("rb")
