"""Shards that someone made to fit their checksum: nothing but plain numbers of the right shape is read from them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from synthda.datasets.shards import MANIFEST, open_shards, shard_name, write_shard
from synthda.errors import DataError
from synthda.manifest import FORMAT, sha256_of, write_json

SHAPE = (8, 6, 3)


def forged_domain(folder: Path, forge: Callable[[h5py.File, Path], None]) -> Path:
    """A domain of 300 images in one shard, changed by `forge`, its checksum put right."""
    shard, other = folder / "domain" / shard_name(0), folder / "other.h5"
    scenes = np.zeros(300, dtype=[("label", "i8"), ("angle", "f4")])
    for path in (shard, other):
        write_shard(path, np.zeros((300, *SHAPE), np.uint8), np.zeros(300, np.int64), scenes)
    with h5py.File(shard, "r+") as file:
        forge(file, other)
    entry = {"file": shard.name, "rows": 300, "sha256": sha256_of(shard)}
    content = {"format": FORMAT, "image_shape": SHAPE, "classes": ["a", "b"], "shards": [entry]}
    write_json(shard.with_name(MANIFEST), content)
    return shard.parent


def external_link(file: h5py.File, other: Path) -> None:
    del file["images"]
    file["images"] = h5py.ExternalLink(str(other), "/images")


def external_scenes(file: h5py.File, other: Path) -> None:
    del file["scenes"]
    file["scenes"] = h5py.ExternalLink(str(other), "/scenes")


def dangling_link(file: h5py.File, other: Path) -> None:
    del file["labels"]
    file["labels"] = h5py.SoftLink("/nothing")


def external_storage(file: h5py.File, other: Path) -> None:
    del file["images"]
    file.create_dataset("images", (300, *SHAPE), np.uint8, external=[(str(other), 0, h5py.h5f.UNLIMITED)])


def virtual_data(file: h5py.File, other: Path) -> None:
    layout = h5py.VirtualLayout((300, *SHAPE), np.uint8)
    layout[:] = h5py.VirtualSource(str(other), "images", (300, *SHAPE))
    del file["images"]
    file.create_virtual_dataset("images", layout)


def strings(file: h5py.File, other: Path) -> None:
    del file["labels"]
    file["labels"] = ["import os"] * 300


def references(file: h5py.File, other: Path) -> None:
    file.create_dataset("scenes/reference", (300,), h5py.ref_dtype)


def objects(file: h5py.File, other: Path) -> None:
    file["scenes/opaque"] = np.void(pickle.dumps(print))


def a_group_for_images(file: h5py.File, other: Path) -> None:
    del file["images"]
    file.create_group("images")


def a_number_for_scenes(file: h5py.File, other: Path) -> None:
    del file["scenes"]
    file["scenes"] = 3


def one_label_for_all(file: h5py.File, other: Path) -> None:
    del file["labels"]
    file["labels"] = 0


def a_label_too_few(file: h5py.File, other: Path) -> None:
    del file["labels"]
    file["labels"] = np.zeros(299, np.int64)


def labels_in_two_columns(file: h5py.File, other: Path) -> None:
    del file["labels"]
    file["labels"] = np.zeros((300, 2), np.int64)


def a_short_factor(file: h5py.File, other: Path) -> None:
    file["scenes/short"] = np.zeros(7)


def labels_beyond_the_classes(file: h5py.File, other: Path) -> None:
    file["labels"][3] = 2


def contiguous_images(file: h5py.File, other: Path) -> None:
    images = file["images"][:]
    del file["images"]
    file["images"] = images


@pytest.mark.parametrize(
    "forge",
    [
        external_link,
        external_scenes,
        dangling_link,
        external_storage,
        virtual_data,
        strings,
        references,
        objects,
        a_group_for_images,
        a_number_for_scenes,
        one_label_for_all,
        a_label_too_few,
        labels_in_two_columns,
        a_short_factor,
        labels_beyond_the_classes,
        contiguous_images,
    ],
)
def test_a_forged_shard_is_refused(tmp_path: Path, forge: Callable[[h5py.File, Path], None]) -> None:
    folder = forged_domain(tmp_path, forge)
    with pytest.raises(DataError) as caught:
        open_shards(folder)
    assert "\n" not in str(caught.value)


def test_the_same_shard_unchanged_is_read(tmp_path: Path) -> None:
    assert len(open_shards(forged_domain(tmp_path, lambda file, other: None))) == 300
