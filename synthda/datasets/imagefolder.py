"""`imagefolder`: a folder a class, a PNG an image, as torchvision's ImageFolder and most tools read it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from synthda.datasets.domain import UNLABELLED, Domain
from synthda.datasets.folders import class_named, list_photos
from synthda.datasets.formats import Encoder, Progress, Sample, file_name, write_pictures
from synthda.datasets.records import Layout
from synthda.errors import DataError

REFUSED = re.compile(
    r'[<>:"/\\|?*%\x00-\x1f]|^\.|[. ]$|^$|^(?=(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)).', re.IGNORECASE
)
"""In a folder's name; the last is the first letter of a device of Windows."""


class ImageFolder:
    """Class folders of images, called by their row; images without a label lie in the folder itself."""

    carries_scenes = False

    def write(self, domain: Domain, layout: Layout, out: Path, encoder: Encoder, progress: Progress) -> list[str]:
        labels = domain.labels
        folders = [out / folder for folder in folders_of(layout.classes)]

        def place(row: int) -> Path:
            return (out if labels[row] == UNLABELLED else folders[labels[row]]) / file_name(row, encoder.suffix)

        write_pictures(domain, place, encoder, progress, out)
        return []

    def recognises(self, path: Path) -> bool:
        return path.is_dir()

    def samples(self, path: Path, layout: Layout | None) -> Iterator[Sample]:
        photos = list_photos(path)
        depths = {len(photo.relative_to(path).parts) for photo in photos}
        if layout is None:
            labelled = depths == {2}
            yield from (Sample(photo, class_named(photo.parent.name) if labelled else None) for photo in photos)
            return
        names = classes_by_folder(layout.classes)
        for photo in sorted(photos, key=lambda photo: photo.name):
            folder = class_named(photo.parent.name)
            if photo.parent != path and folder not in names:
                raise DataError(f"{photo} lies in a folder that is no class of {path}; remove it, or convert again.")
            yield Sample(photo, None if photo.parent == path else names[folder])


def classes_by_folder(classes: Sequence[str]) -> dict[str, str]:
    """Class names by `class_named` of their folders: a file system may write an accent in its own way."""
    return {class_named(folder): name for folder, name in zip(folders_of(classes), classes, strict=True)}


def folders_of(classes: Sequence[str]) -> list[str]:
    """Class names as folders' names on any system: what one of them refuses becomes %XX.

    Of two names that macOS takes for one, which differ only in case (so Windows, too) or in how an accent is written,
    the later has a % at its end.
    """
    folders: list[str] = []
    taken: set[str] = set()
    for name in classes:
        folder = REFUSED.sub(lambda found: f"%{ord(found[0]):02X}" if found[0] else "%", name)
        while class_named(folder).casefold() in taken:
            folder += "%"
        taken.add(class_named(folder).casefold())
        folders.append(folder)
    return folders
