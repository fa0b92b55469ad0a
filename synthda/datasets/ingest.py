"""Shards from any folder of photographs or archive: what other tools wrote, or what synthda once wrote for them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.datasets import FORMATS
from synthda.datasets.claim import check_outside, claim, finish
from synthda.datasets.domain import UNLABELLED
from synthda.datasets.export import LIBRARIES
from synthda.datasets.folders import natural_order
from synthda.datasets.formats import Format, Progress, Sample, layout_path, load_format
from synthda.datasets.packed import PackedPhoto
from synthda.datasets.photos import read_photos
from synthda.datasets.records import EXPORT, Layout, read_layout, scenes_of
from synthda.datasets.resize import Fit, Size, check_size
from synthda.datasets.shards import MANIFEST, rows_in, rows_per_shard, shard_name, write_shard
from synthda.errors import DataError, SettingError
from synthda.manifest import FORMAT, provenance, sha256_of
from synthda.settings import lookup

HANDED_ON = ("seed", "settings", "inputs")
WRITTEN = ("shard-[0-9]*.h5", "*.writing")
AT_ONCE = 64
"""Photographs that are decoded together."""
NOTHING = PackedPhoto("", b"")
"""In place of a file that is decoded, so that its bytes need not be kept."""


@dataclass(frozen=True)
class Collection:
    """Images that shards can be made of.

    Attributes:
        path: a folder, or one tar file.
        format: a name in `FORMATS`.
        count: images, readable or not.
        classes: names of their classes, in natural order where no manifest gives another.
        layout: of an export of synthda's; None for what others wrote.
        origin: what is known of the domain that was exported.
    """

    path: Path
    format: str
    count: int
    classes: tuple[str, ...]
    layout: Layout | None
    origin: Mapping[str, Any]

    def samples(self) -> Iterator[Sample]:
        return load_format(self.format).samples(self.path, self.layout)


def survey(path: Path) -> Collection:
    """Find out what lies at `path`; of an export, compare the checksums in its manifest.

    Raises:
        DataError: when there is nothing to make shards of, or it is unfinished, damaged, or shards already.
    """
    if not path.exists():
        raise DataError(f"There is nothing at {path}; give a folder of photographs, or tar files.")
    if (path / MANIFEST).exists():
        raise DataError(f"{path} holds shards already; look at them with: synthda inspect {path}")
    manifest = layout_path(path)
    if manifest.with_name(manifest.name + ".partial").exists():
        raise DataError(f"{path} is unfinished; run the command that was writing it again, and it will be finished.")
    if manifest.is_file():
        return _survey_export(path, manifest)
    name, found = _recognised(path)
    labels = Counter(sample.label for sample in found.samples(path, None))
    if not labels:
        raise DataError(f"There is no image in {path}; give a folder of photographs, or tar files.")
    classes = sorted((label for label in labels if label is not None), key=natural_order)
    return Collection(path, name, labels.total(), tuple(classes), None, {})


def ingest(
    found: Collection,
    out: Path,
    *,
    size: Size | None = None,
    fit: Fit = "stretch",
    force: bool = False,
    progress: Progress = lambda rows: None,
) -> dict[str, Any]:
    """Write shards of the images of `found` into `out`; the same call goes on where an interrupted one was.

    Args:
        found: from `survey`.
        out: folder to write to; made when missing.
        size: height and width; None for the size that an export's manifest tells.
        fit: how an image of another shape fills `size`.
        force: discard a domain that stands in `out`.
        progress: called with the number of images just finished.

    Returns:
        The manifest of the domain; `skipped` holds a line for each image that could not be used.

    Raises:
        SettingError: when no size is given, and none is known.
        DataError: when none of the images can be used, or `out` is finished or holds something else.
    """
    size = _size_of(found, size)
    check_size(size, fit)
    layout = found.layout
    plan = {
        "format": FORMAT,
        "kind": "domain",
        "name": layout.name if layout else _named(found.path),
        "image_shape": [*size, 3],
        "classes": list(found.classes),
        "tables": {name: list(table) for name, table in layout.tables.items()} if layout else {},
        "fit": fit,
        "converted": {"from": found.format, "count": found.count, "files": _listing(found.path)},
        "libraries": provenance(*LIBRARIES)["versions"],
        **{key: found.origin[key] for key in HANDED_ON if key in found.origin},
    }
    check_outside(out, found.path)
    with claim(out, MANIFEST, plan, ours=WRITTEN, force=force) as claimed:
        shards, skipped = _write_shards(found, out, size, fit, progress)
        content = {**claimed, "count": sum(entry["rows"] for entry in shards), "shards": shards, "skipped": skipped}
        return finish(out, MANIFEST, {**content, "provenance": provenance(*LIBRARIES)})


def _write_shards(
    found: Collection, out: Path, size: Size, fit: Fit, progress: Progress
) -> tuple[list[dict[str, Any]], list[str]]:
    """Entries of the manifest, and a line for each image that could not be used; finished shards are kept."""
    samples, per_shard = found.samples(), rows_per_shard((*size, 3))
    entries: list[dict[str, Any]] = []
    skipped: list[str] = []
    for index in range(-(-found.count // per_shard)):
        path, wanted = out / shard_name(index), min(per_shard, found.count - index * per_shard)
        if path.exists() and rows_in(path) == wanted:
            taken = sum(1 for _ in islice(samples, wanted))
            progress(taken)
        else:
            shard, bad = _decoded(islice(samples, wanted), wanted, size, fit, progress)
            taken = len(shard.samples) + len(bad)
            skipped += bad
            if taken != wanted:
                raise _changed(found)
            if not shard.samples:
                continue
            labels = shard.labels(found.classes)
            scenes = scenes_of([sample.record for sample in shard.samples], labels, found.layout)
            write_shard(path, shard.images, labels, scenes)
        if taken != wanted:
            raise _changed(found)
        entries.append({"file": path.name, "rows": rows_in(path), "sha256": sha256_of(path)})
    if next(samples, None) is not None:
        raise _changed(found)
    if not entries:
        first = f"; the first is {skipped[0]}" if skipped else ""
        raise DataError(f"None of the {found.count} images in {found.path} can be used{first}.")
    return entries, skipped


@dataclass(frozen=True)
class _Shard:
    """The usable images of a shard to be, and what is known of each."""

    images: NDArray[np.uint8]
    samples: list[Sample]

    def labels(self, classes: tuple[str, ...]) -> NDArray[np.int64]:
        index = {name: label for label, name in enumerate(classes)}
        unknown = {sample.label for sample in self.samples} - {None, *classes}
        if unknown:
            raise DataError(f"The class {unknown.pop()!r} is not among those of {EXPORT}; convert the domain again.")
        given = (UNLABELLED if sample.label is None else index[sample.label] for sample in self.samples)
        return np.fromiter(given, dtype=np.int64, count=len(self.samples))


def _decoded(
    samples: Iterator[Sample], most: int, size: Size, fit: Fit, progress: Progress
) -> tuple[_Shard, list[str]]:
    """At most `most` samples, by few at a time: large images are in memory once."""
    images = np.empty((most, *size, 3), dtype=np.uint8)
    usable: list[Sample] = []
    skipped: list[str] = []
    while block := list(islice(samples, AT_ONCE)):
        found, kept, bad = read_photos([sample.photo for sample in block], size, fit)
        images[len(usable) : len(usable) + len(found)] = found
        usable.extend(replace(block[place], photo=NOTHING) for place in kept)
        skipped += [f"{block[place].photo}: {reason}" for place, reason in bad]
        progress(len(block))
    return _Shard(images[: len(usable)], usable), skipped


def _survey_export(path: Path, manifest: Path) -> Collection:
    layout, content = read_layout(manifest)
    name = lookup("format", str(content.get("to")), {known: known for known in FORMATS})
    for file, checksum in content["files"].items():
        if Path(file).name != file:
            raise DataError(f"{manifest} names the file {file!r}, which is not beside it; do not use it.")
        if path.is_dir() or file == path.name:
            _check(path if path.is_file() else path / file, str(checksum))
    found = Collection(path, name, layout.count, layout.classes, layout, content["origin"])
    return found if path.is_dir() else replace(found, count=sum(1 for _ in found.samples()))


def _check(path: Path, checksum: str) -> None:
    if not path.is_file():
        raise DataError(f"{path} is missing; restore it, or convert the domain again.")
    if sha256_of(path) != checksum:
        raise DataError(f"{path} is damaged (its SHA-256 is not the one in {EXPORT}); restore it, or convert again.")


def _recognised(path: Path) -> tuple[str, Format]:
    """The first format that `path` looks like, the particular ones before folders of images."""
    for name in reversed(FORMATS):
        found = load_format(name)
        if found.recognises(path):
            return name, found
    raise DataError(f"{path} is neither a folder nor a tar file; give a folder of photographs, or tar files.")


def _size_of(found: Collection, size: Size | None) -> Size:
    if size is not None:
        return size
    if found.layout is None:
        raise SettingError("Photographs come in sizes of their own; give the domain's with --size, for example 64.")
    height, width, _ = found.layout.image_shape
    return height, width


def _listing(path: Path) -> str:
    """A hash of names, sizes and times: another folder, or a changed one, does not go on with this one's shards."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    digest = hashlib.sha256()
    for file in files:
        status = file.stat()
        name = file.name if path.is_file() else file.relative_to(path).as_posix()
        digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _changed(found: Collection) -> DataError:
    return DataError(
        f"{found.path} no longer holds the {found.count:,} images that it should; restore it, or remove {EXPORT} from "
        "it, and it is taken as it is."
    )


def _named(path: Path) -> str:
    return path.stem if path.is_file() else path.resolve().name
