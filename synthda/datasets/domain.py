"""What everything in synthda speaks: images of one size, their labels, and the scenes that they were rendered from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Protocol, TypeVar, runtime_checkable
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from synthda.errors import DataError
from synthda.near import differs_in_spelling_only, near_names

Scenes = np.ndarray[Any, np.dtype[np.void]]
"""Structured array: one row an image, one column a nuisance factor; choices are integer codes."""

Found = TypeVar("Found")
UNLABELLED = -1
UNKNOWN = "unknown"
"""Name of the class to which a classifier that has it gives images of no other class."""


class Images(Protocol):
    """uint8 RGB images of one size, in RAM or in shards: the same thing to their reader. They do not change."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """N, H, W, 3."""

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The images at `rows`, any order, repeats allowed: (len(rows), H, W, 3)."""


@runtime_checkable
class StoredImages(Images, Protocol):
    """Images on disk, which can be read straight to where they are wanted."""

    def read_into(self, images: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
        """Fill `images` (len(rows), H, W, 3), contiguous, as `read` would."""


@dataclass(frozen=True, eq=False)
class ArrayImages:
    """Images that lie in memory."""

    array: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.array.dtype != np.uint8 or self.array.ndim != 4 or self.array.shape[3] != 3:
            raise DataError(f"Images are uint8 of shape (N, H, W, 3); given {self.array.dtype} {self.array.shape}.")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        n, height, width, channels = self.array.shape
        return n, height, width, channels

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self.array[rows]


@dataclass(frozen=True, eq=False)
class SomeImages:
    """Some rows of images, read when they are asked for: they take no second place."""

    images: Images
    rows: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return len(self.rows), *self.images.shape[1:]

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self.images.read(self.rows[rows])


@dataclass(frozen=True, eq=False)
class ChosenImages(SomeImages):
    """Some rows of images on disk, which stay there."""

    images: StoredImages

    def read_into(self, images: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
        self.images.read_into(images, self.rows[rows])


@dataclass(frozen=True)
class Domain:
    """Images with what is known about each.

    Attributes:
        images: N images of one size.
        labels: (N,) int64 index into `classes`, −1 where unlabelled.
        classes: class names; labels of different domains are matched by name, never by index.
        scenes: the row that each image was rendered from, for rendered domains.
        paths: where each image came from, for folders of photographs.
        skipped: one line per file that could not be used: its path and the reason.
        name: what to call the domain in a report.
    """

    images: Images
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    scenes: Scenes | None = None
    paths: tuple[str, ...] | None = None
    skipped: tuple[str, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        n = self.images.shape[0]
        for what, length in (("labels", len(self.labels)), ("scenes", n if self.scenes is None else len(self.scenes))):
            if length != n:
                raise DataError(f"Domain {self.name!r} has {n} images but {length} {what}.")
        if len(self.labels) and not -1 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise DataError(f"Labels of domain {self.name!r} lie outside its {len(self.classes)} classes.")

    def __len__(self) -> int:
        return self.images.shape[0]

    @property
    def labelled(self) -> bool:
        """Whether every image has a label."""
        return len(self) > 0 and bool((self.labels != UNLABELLED).all())

    def rows(self, chosen: NDArray[np.int64], *, stored: bool = False) -> Domain:
        """The domain made of `chosen` rows, its images in memory; with `stored`, those on disk stay there."""
        images: Images
        if stored and isinstance(self.images, StoredImages):
            images = ChosenImages(self.images, chosen)
        else:
            images = ArrayImages(self.images.read(chosen))
        return replace(
            self,
            images=images,
            labels=self.labels[chosen],
            scenes=None if self.scenes is None else self.scenes[chosen],
            paths=None if self.paths is None else tuple(self.paths[row] for row in chosen),
        )

    def unlabelled(self) -> Images:
        """The bare images: what an adaptation method may see of a target."""
        return self.images


def joined(domains: Sequence[Domain], classes: tuple[str, ...], *, name: str) -> Domain:
    """One domain of one or several, their labels by `classes`; without scenes.

    Raises:
        DataError: as `labels_by_name`.
    """
    images: Images = domains[0].images
    if len(domains) > 1:
        images = ArrayImages(np.concatenate([in_memory(domain.images) for domain in domains]))
    labels = np.concatenate([labels_by_name(domain, classes) for domain in domains])
    paths = [path for domain in domains for path in domain.paths or ()]
    return Domain(images, labels, classes, paths=tuple(paths) if len(paths) == len(labels) else None, name=name)


def factor_names(scenes: Scenes) -> list[str]:
    """The columns that are factors: not `label`, which says what is shown, nor seeds, which are no amounts."""
    return [name for name in scenes.dtype.names or () if name != "label" and not name.endswith("seed")]


def in_memory(images: Images) -> NDArray[np.uint8]:
    """All of the images as one (N, H, W, 3) array."""
    if isinstance(images, ArrayImages):
        return images.array
    return images.read(np.arange(images.shape[0], dtype=np.int64))


def in_blocks(images: Images, size: int = 1024) -> Iterator[NDArray[np.uint8]]:
    """The images in their order, `size` at a time."""
    for first in range(0, images.shape[0], size):
        yield images.read(np.arange(first, min(first + size, images.shape[0]), dtype=np.int64))


def each_content(images: Images) -> Iterator[str]:
    """A hash of each image's pixels: equal for copies of a photograph under any name or folder."""
    for block in in_blocks(images):
        for image in np.ascontiguousarray(block):
            yield hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest()


def once_for_each(compute: Callable[[Images], Found]) -> Callable[[Images], Found]:
    """`compute`, whose results are kept as long as the images that they are of."""
    known: WeakKeyDictionary[Images, Found] = WeakKeyDictionary()

    @wraps(compute)
    def recall(images: Images) -> Found:
        if images not in known:
            known[images] = compute(images)
        return known[images]

    return recall


@once_for_each
def content_hashes(images: Images) -> list[str]:
    """All of `each_content`."""
    return list(each_content(images))


@once_for_each
def content_of(images: Images) -> str:
    """One hash of all pixels in their order."""
    digest = hashlib.blake2b(digest_size=16)
    for block in in_blocks(images):
        digest.update(block.tobytes())
    return digest.hexdigest()


def distinct(images: Images) -> Images:
    """The images without copies of earlier ones."""
    first: dict[str, int] = {}
    for row, content in enumerate(each_content(images)):
        first.setdefault(content, row)
    return ArrayImages(images.read(np.fromiter(first.values(), dtype=np.int64, count=len(first))))


def labels_by_name(domain: Domain, classes: tuple[str, ...]) -> NDArray[np.int64]:
    """The domain's labels as indices into `classes`, matched by class name; −1 stays −1.

    Where `classes` has `unknown`, that is the label of every class which it lacks.

    Raises:
        DataError: when an image of the domain belongs to a class that `classes` lacks; also beside `unknown`, where
            only the spelling of one of `classes` differs.
    """
    index = {name: position for position, name in enumerate(classes)}
    missing = classes_missing(domain, classes)
    named = [known for known in classes if known != UNKNOWN]
    respelt = [name for name in missing if any(differs_in_spelling_only(name, known) for known in named)]
    if missing and UNKNOWN not in index:
        raise DataError(
            f"{domain.name or 'The data'} has classes that the model does not know ({_few(missing)}); it knows "
            f"{_few(list(classes))}.{meant(missing, classes)} Rename the class folders, or leave these classes out."
        )
    if respelt:
        raise DataError(
            f"{domain.name or 'The data'} spells classes otherwise than the model ({_few(respelt)}), and would count "
            f"them as {UNKNOWN}.{meant(respelt, classes)} Rename the class folders."
        )
    other = index.get(UNKNOWN, UNLABELLED)
    table = np.array([index.get(name, other) for name in domain.classes] + [UNLABELLED], dtype=np.int64)
    return table[domain.labels]


def classes_missing(domain: Domain, classes: Sequence[str]) -> list[str]:
    """The classes of the domain's images that are none of `classes`, in the domain's order."""
    used = sorted(set(domain.labels[domain.labels != UNLABELLED].tolist()))
    return [domain.classes[label] for label in used if domain.classes[label] not in classes]


def meant(missing: Sequence[str], classes: Sequence[str]) -> str:
    """A question, behind a space, for those of the missing names that resemble known ones; nothing where none does."""
    named = [known for known in classes if known != UNKNOWN]
    near = {name: near_names(name, named, most=1, cutoff=0.7) for name in missing}
    told = [f"{found[0]} by {name}" for name, found in near.items() if found]
    return f" Did you mean {_few(told)}?" if told else ""


def without_unknown(domain: Domain) -> Domain:
    """The domain without what a person has called none of the classes, which is told in `skipped`.

    Raises:
        DataError: when nothing is left.
    """
    if UNKNOWN not in domain.classes:
        return domain
    known = domain.labels != domain.classes.index(UNKNOWN)
    if not known.any():
        raise DataError(f"All images of {domain.name} are labelled as none of the classes; label some that are of one.")
    names = [str(row) if domain.paths is None else domain.paths[row] for row in np.flatnonzero(~known)]
    told = tuple(f"{name}: it is labelled as none of the classes" for name in names)
    some = domain.rows(np.flatnonzero(known))
    index = np.cumsum([name != UNKNOWN for name in domain.classes]) - 1
    return replace(
        some,
        labels=np.where(some.labels == UNLABELLED, UNLABELLED, index[some.labels]),
        classes=tuple(name for name in domain.classes if name != UNKNOWN),
        skipped=(*domain.skipped, *told),
    )


def _few(names: list[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (f" … {len(names)} in all" if len(names) > most else "")
