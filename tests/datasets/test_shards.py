"""Shards: what is written comes back, in any order; what is damaged or foreign is refused in one sentence."""

from __future__ import annotations

import errno
import json
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from synthda.datasets.shard_images import ShardImages
from synthda.datasets.shards import (
    BLOCK,
    MANIFEST,
    SHARD_BYTES,
    open_shards,
    rows_per_chunk,
    rows_per_shard,
    shard_name,
    write_shard,
)
from synthda.errors import DataError, SynthdaError
from synthda.manifest import FORMAT, sha256_of, write_json

SHAPE = (8, 6, 3)
COUNTS = (300, 300, 40)


def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (sum(COUNTS), *SHAPE), dtype=np.uint8)


def write_manifest(folder: Path, **changes: Any) -> None:
    entries = [
        {"file": path.name, "rows": rows, "sha256": sha256_of(path)}
        for path, rows in zip(sorted(folder.glob("*.h5")), COUNTS, strict=False)
    ]
    content = {"format": FORMAT, "name": "toy", "image_shape": SHAPE, "classes": ["a", "b"], "shards": entries}
    write_json(folder / MANIFEST, content | changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A domain in three shards, the last one short."""
    images, starts = pixels(), np.cumsum([0, *COUNTS])
    labels = np.arange(len(images)) % 2
    scenes = np.zeros(len(images), dtype=[("label", "i8"), ("angle", "f4"), ("font", "u2")])
    scenes["label"], scenes["angle"], scenes["font"] = labels, np.linspace(-1, 1, len(images)), 7
    for index, (first, last) in enumerate(pairwise(starts)):
        write_shard(tmp_path / shard_name(index), images[first:last], labels[first:last], scenes[first:last])
    write_manifest(tmp_path)
    return tmp_path


def test_what_was_written_comes_back(folder: Path) -> None:
    domain = open_shards(folder)
    assert domain.images.shape == (640, *SHAPE)
    assert np.array_equal(domain.images.read(np.arange(640)), pixels())
    assert domain.labels.tolist() == [0, 1] * 320
    assert (domain.classes, domain.name) == (("a", "b"), "toy")
    assert domain.scenes is not None
    assert domain.scenes["angle"].dtype == np.float32
    assert domain.scenes["angle"][[0, -1]].tolist() == [-1, 1]


@pytest.mark.parametrize(
    "rows",
    [[], [639], [0, 639, 0, 300, 299, 299], list(range(639, -1, -1)), [255, 256, 599, 600]],
    ids=["none", "last", "repeats", "backwards", "borders"],
)
def test_rows_are_read_in_any_order(folder: Path, rows: list[int]) -> None:
    read = open_shards(folder).images.read(np.array(rows, dtype=np.int64))
    assert read.dtype == np.uint8
    assert np.array_equal(read, pixels()[rows])


@pytest.mark.parametrize("row", [-1, 640])
def test_a_row_that_is_not_there_is_an_error(folder: Path, row: int) -> None:
    with pytest.raises(IndexError, match="of a domain of 640 images"):
        open_shards(folder).images.read(np.array([0, row]))


def test_images_can_go_to_another_process(folder: Path) -> None:
    images = open_shards(folder).images
    images.read(np.array([5]))
    assert np.array_equal(pickle.loads(pickle.dumps(images)).read(np.array([5])), pixels()[[5]])


def test_equal_content_makes_equal_bytes(tmp_path: Path) -> None:
    sums = set()
    for name in ("one.h5", "two.h5"):
        write_shard(tmp_path / name, pixels()[:40], np.zeros(40, np.int64), None)
        sums.add(sha256_of(tmp_path / name))
    assert len(sums) == 1


@pytest.mark.parametrize("side", [8, 28, 32, 64, 224, 1024])
def test_a_shard_holds_whole_blocks_and_a_chunk_divides_them(side: int, tmp_path: Path) -> None:
    rows = rows_per_shard((side, side, 3))
    assert rows % BLOCK == 0
    assert rows == BLOCK or rows * side * side * 3 <= SHARD_BYTES
    write_shard(tmp_path / "s.h5", np.zeros((3, side, side, 3), np.uint8), np.zeros(3, np.int64), None)
    with h5py.File(tmp_path / "s.h5") as file:
        assert BLOCK % file["images"].chunks[0] == 0 or file["images"].chunks[0] == 3


def test_a_chunk_takes_a_mebibyte_where_images_fit_into_it_and_one_image_where_not() -> None:
    assert [rows_per_chunk(size) for size in (4096, 4097, 1 << 20, (1 << 20) + 1)] == [256, 128, 1, 1]


def test_a_full_disk_is_one_sentence_and_leaves_no_shard(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sha256_of(folder / shard_name(0))

    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[:1000])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    for index in (0, 9):
        with pytest.raises(SynthdaError, match="No space left on device"):
            write_shard(folder / shard_name(index), pixels()[:40], np.zeros(40, np.int64), None)
    assert sha256_of(folder / shard_name(0)) == before
    assert sorted(os.listdir(folder)) == [MANIFEST, *(shard_name(index) for index in range(3))]


@pytest.mark.skipif(os.name == "nt", reason="limits of the size of files are POSIX")
def test_a_disk_that_fills_while_a_shard_is_written_does_not_end_the_process(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(SynthdaError, match="could not be written"):
            write_shard(tmp_path / "s.h5", pixels(), np.zeros(640, np.int64), None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert os.listdir(tmp_path) == []


def flip_a_bit(folder: Path) -> None:
    content = bytearray((folder / shard_name(1)).read_bytes())
    content[len(content) // 2] ^= 4
    (folder / shard_name(1)).write_bytes(content)


def cut_off(folder: Path) -> None:
    path = folder / shard_name(2)
    path.write_bytes(path.read_bytes()[:-100])


def remove(folder: Path) -> None:
    (folder / shard_name(1)).unlink()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (flip_a_bit, "shard-00001.h5 is damaged .SHA-256|shard-00001.h5 is damaged"),
        (cut_off, "shard-00002.h5 is damaged"),
        (remove, "shard-00001.h5 is missing; restore it"),
    ],
)
def test_a_damaged_shard_is_named(folder: Path, damage: Callable[[Path], None], said: str) -> None:
    damage(folder)
    with pytest.raises(DataError, match=said) as caught:
        open_shards(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", [cut_off, remove])
def test_a_shard_that_cannot_be_read_is_refused_without_checksums_too(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    damage(folder)
    with pytest.raises(DataError, match="is not a shard of synthda"):
        open_shards(folder, verify=False)


@pytest.mark.parametrize("name", ["../outside.h5", "sub/shard.h5", "{absolute}", "..", ""])
@pytest.mark.parametrize("verify", [True, False])
def test_a_manifest_reaches_no_file_outside_its_folder(folder: Path, name: str, verify: bool) -> None:
    outside = folder.parent / "outside.h5"
    outside.write_bytes((folder / shard_name(0)).read_bytes())
    (folder / "sub").mkdir()
    (folder / "sub" / "shard.h5").write_bytes(outside.read_bytes())
    entry = {"file": name.format(absolute=outside), "rows": COUNTS[0], "sha256": sha256_of(outside)}
    write_manifest(folder, shards=[entry])
    with pytest.raises(DataError):
        open_shards(folder, verify=verify)


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": None},
        {"image_shape": [8, 6]},
        {"image_shape": None},
        {"shards": [{"file": "shard-00000.h5"}]},
        {"shards": [3]},
        {"shards": [{"file": "shard-00000.h5", "rows": float("inf"), "sha256": ""}]},
        {"shards": None},
    ],
    ids=str,
)
def test_an_incomplete_manifest_is_refused(folder: Path, changes: dict[str, Any]) -> None:
    write_manifest(folder, **changes)
    with pytest.raises(DataError, match=r"domain\.json is incomplete or damaged") as caught:
        open_shards(folder)
    assert "\n" not in str(caught.value)


def test_a_manifest_of_a_newer_version_is_refused(folder: Path) -> None:
    write_manifest(folder, format=FORMAT + 1)
    with pytest.raises(DataError, match="upgrade synthda"):
        open_shards(folder)


def test_rows_that_the_manifest_miscounts_are_refused(folder: Path) -> None:
    entries = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["shards"]
    for rows in (299, -300):
        write_manifest(folder, shards=[entries[0] | {"rows": rows}])
        with pytest.raises(DataError, match="holds images uint8"):
            open_shards(folder)


def test_a_pickle_in_the_place_of_a_shard_is_refused(folder: Path) -> None:
    (folder / shard_name(0)).write_bytes(pickle.dumps(print))
    write_manifest(folder)
    with pytest.raises(DataError, match="is not a shard of synthda"):
        open_shards(folder)


def test_reading_holds_no_more_than_the_rows_and_a_chunk(folder: Path) -> None:
    images = open_shards(folder).images
    assert isinstance(images, ShardImages)
    assert images.read(np.array([1])).nbytes == int(np.prod(SHAPE))


def test_a_shard_that_hdf5_alone_can_read_is_read_by_it(folder: Path) -> None:
    with h5py.File(folder / shard_name(1), "r+") as file:
        content = file["images"][:]
        del file["images"]
        file.create_dataset("images", data=content, chunks=(64, *SHAPE), compression="gzip")
    write_manifest(folder)
    rows = np.random.default_rng(1).permutation(640)
    assert np.array_equal(open_shards(folder).images.read(rows), pixels()[rows])


@pytest.mark.parametrize(
    ("harm", "said"),
    [(flip_a_bit, r"shard-00001.h5 has changed"), (cut_off, "shard-00002.h5 has changed"), (remove, "shard-00001.h5")],
)
def test_a_shard_that_changes_after_it_was_verified_is_named(
    folder: Path, harm: Callable[[Path], None], said: str
) -> None:
    images = open_shards(folder).images
    images.read(np.arange(640))
    for path in folder.glob("*.h5"):
        os.utime(path, ns=(0, 0))  # so that a change is seen where the clock of the file system is coarse
    images = open_shards(folder).images
    harm(folder)
    with pytest.raises(DataError, match=said) as caught:
        images.read(np.arange(640))
    assert "\n" not in str(caught.value)
    assert np.array_equal(images.read(np.arange(300)), pixels()[:300])  # the others are as they were


def test_threads_read_at_the_same_time(folder: Path) -> None:
    images, rng = open_shards(folder).images, np.random.default_rng(2)
    wanted = [rng.integers(0, 640, 500) for _ in range(40)]
    with ThreadPoolExecutor(4) as pool:
        for rows, found in zip(wanted, pool.map(images.read, wanted), strict=True):
            assert np.array_equal(found, pixels()[rows])


def test_shards_of_two_renderers_are_not_one_domain(folder: Path) -> None:
    with h5py.File(folder / shard_name(1), "r+") as file:
        file["scenes/shadow"] = np.zeros(300)
    write_manifest(folder)
    with pytest.raises(DataError, match="differ in their scene columns"):
        open_shards(folder)
