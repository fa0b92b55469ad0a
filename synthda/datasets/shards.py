"""Domains on disk: HDF5 shards of raw uint8 images, chunked along samples, and `domain.json`, written last."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Domain, Scenes
from synthda.datasets.shard_images import ShardImages, stamp_of
from synthda.errors import DataError
from synthda.manifest import read_manifest, sha256_of, written_then_named

MANIFEST = "domain.json"
CHUNK_BYTES = 1 << 20
SHARD_BYTES = 16 << 20
"""Small, for workers make whole shards: so they end at about the same time."""
BLOCK = 256
"""Rows drawn together from one generator, always whole, so that a larger count keeps the prefix; a chunk's rows
divide it, and a shard's rows are a multiple of it."""


def rows_per_shard(image_shape: tuple[int, int, int]) -> int:
    """How many images a shard holds: whole blocks, about 16 MiB."""
    return max(1, SHARD_BYTES // (BLOCK * int(np.prod(image_shape)))) * BLOCK


def rows_per_chunk(image_bytes: int) -> int:
    """How many images of so many bytes a chunk holds: a divisor of a block, about 1 MiB at most."""
    return next(rows for rows in (256, 128, 64, 32, 16, 8, 4, 2, 1) if rows * image_bytes <= CHUNK_BYTES or rows == 1)


def shard_name(index: int) -> str:
    return f"shard-{index:05d}.h5"


def write_shard(path: Path, images: NDArray[np.uint8], labels: NDArray[np.int64], scenes: Scenes | None) -> str:
    """Write one shard, whole or not at all: `images`, `labels`, and a data set per scene column under `scenes/`.

    Images that the caller keeps no name for are given up once HDF5 has them: two copies are in memory, not three.

    Returns:
        The SHA-256 of its bytes, hex.
    """
    chunk = rows_per_chunk(int(np.prod(images.shape[1:])))
    # In memory first: on a full disk, HDF5 ends the process while it tries to close the file.
    with h5py.File(path.name, "w", driver="core", backing_store=False) as file:
        file.create_dataset("images", data=images, chunks=(min(chunk, len(images)), *images.shape[1:]))
        del images  # before the file's bytes are copied
        file.create_dataset("labels", data=labels)
        if scenes is not None:
            for column in scenes.dtype.names or ():
                file.create_dataset(f"scenes/{column}", data=scenes[column])
        file.flush()
        content = file.id.get_file_image()
    with written_then_named(path) as partial:
        partial.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def rows_in(path: Path) -> int:
    """How many rows a shard holds.

    Raises:
        DataError: when it is none.
    """
    try:
        with h5py.File(path, "r") as file:
            return int(file["labels"].shape[0])
    except (OSError, KeyError, AttributeError, IndexError) as error:
        raise DataError(f"{path} is not a shard of synthda ({error}); give --force to start anew.") from error


def open_shards(folder: Path, *, verify: bool = True) -> Domain:
    """The domain in a folder that holds `domain.json`.

    Args:
        folder: where `generate` or `ingest` wrote.
        verify: compare each shard's SHA-256 with the manifest's before anything is read from it.

    Raises:
        DataError: for a missing, damaged or foreign shard, or a manifest of a newer version.
    """
    manifest = read_manifest(folder / MANIFEST)
    try:
        height, width, channels = manifest["image_shape"]
        classes = tuple(str(name) for name in manifest["classes"])
        entries = [(str(entry["file"]), int(entry["rows"]), str(entry["sha256"])) for entry in manifest["shards"]]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"{folder / MANIFEST} is incomplete or damaged ({error}); generate the domain again with --force."
        ) from error
    for name, _, _ in entries:
        if Path(name).name != name:
            raise DataError(f"{folder / MANIFEST} names the shard {name!r}, which is no file beside it; do not use it.")
    stamps = tuple(stamp_of(folder / name) for name, _, _ in entries)  # what changes from here on is not read
    if verify:
        check_shards(folder, manifest)
    labels, scenes = [], []
    for name, rows, _ in entries:
        shard_labels, shard_scenes = _read_columns(folder / name, rows, (height, width, channels))
        labels.append(shard_labels)
        scenes.append(shard_scenes)
    images = ShardImages(
        tuple(folder / name for name, _, _ in entries),
        tuple(rows for _, rows, _ in entries),
        (height, width, channels),
        stamps,
    )
    found = [table for table in scenes if table is not None]
    if len({table.dtype for table in found}) > 1:
        raise DataError(
            f"The shards in {folder} differ in their scene columns; generate the domain again with --force."
        )
    return Domain(
        images=images,
        labels=np.concatenate(labels) if labels else np.empty(0, dtype=np.int64),
        classes=classes,
        scenes=np.concatenate(found) if found else None,
        name=str(manifest.get("name", folder.name)),
    )


def manifest_of(spec: str) -> dict[str, Any]:
    """The manifest of the shards that `spec` names; nothing for any other domain."""
    path = Path(spec).expanduser()
    manifest = path if path.name == MANIFEST else path / MANIFEST
    return read_manifest(manifest) if manifest.is_file() else {}


def tables_of(manifest: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """By choice column of the scenes, what each code means."""
    return {str(name): tuple(map(str, table)) for name, table in dict(manifest.get("tables") or {}).items()}


def check_shards(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Compare every shard with its checksum.

    Raises:
        DataError: naming the first shard that is missing or whose bytes have changed.
    """
    for entry in manifest["shards"]:
        path = folder / entry["file"]
        if not path.is_file():
            raise DataError(f"{path} is missing; restore it, or generate the domain again with --force.")
        if sha256_of(path) != entry["sha256"]:
            raise DataError(
                f"{path} is damaged (its SHA-256 is not the one in {MANIFEST}); restore it, or generate the domain "
                "again with --force."
            )


def _read_columns(path: Path, rows: int, image_shape: tuple[int, int, int]) -> tuple[NDArray[np.int64], Scenes | None]:
    """Labels and scene table of one shard; refuses anything but plain numbers stored in this very file."""
    try:
        with h5py.File(path, "r") as file:
            names = sorted(file["scenes"]) if "scenes" in file else []
            for dataset in (file["images"], file["labels"], *(file[f"scenes/{name}"] for name in names)):
                plain = dataset.dtype.kind in "iufb" and dataset.external is None and not dataset.is_virtual
                if not plain or dataset.file.filename != file.filename:
                    raise DataError(
                        f"{path} holds {dataset.name}, which is not plain numbers in the file itself; do not use it."
                    )
            images = file["images"]
            if images.shape != (rows, *image_shape) or images.dtype != np.uint8 or images.chunks is None:
                raise DataError(
                    f"{path} holds images {images.dtype} {images.shape}, not chunked uint8 {(rows, *image_shape)}; "
                    "generate the domain again with --force."
                )
            labels = np.asarray(file["labels"][:], dtype=np.int64)
            if labels.shape != (rows,):
                raise DataError(
                    f"{path} holds labels {labels.shape}, not {(rows,)}; generate the domain again with --force."
                )
            if not names:
                return labels, None
            scenes = np.empty(rows, dtype=[(name, file[f"scenes/{name}"].dtype) for name in names])
            for name in names:
                scenes[name] = file[f"scenes/{name}"][:]
            return labels, scenes
    except (OSError, KeyError, AttributeError, RuntimeError, TypeError, ValueError) as error:
        raise DataError(f"{path} is not a shard of synthda ({error}); generate the domain again.") from error
