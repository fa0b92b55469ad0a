"""Domains of noise in shards, of any size: for measurements to which it does not matter what is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synthda.datasets.shards import MANIFEST, rows_per_shard, shard_name, write_shard
from synthda.manifest import FORMAT, write_json

CLASSES = tuple("0123456789")


def noise_domain(folder: Path, count: int, side: int) -> None:
    """Write `count` images of `side`×`side` random pixels with random labels, unless they are there already."""
    if (folder / MANIFEST).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    shape, entries = (side, side, 3), []
    most = rows_per_shard(shape)
    for index, first in enumerate(range(0, count, most)):
        rows = min(most, count - first)
        rng = np.random.default_rng([count, index])
        images = np.frombuffer(rng.bytes(rows * side * side * 3), dtype=np.uint8).reshape(rows, *shape)
        name = shard_name(index)
        checksum = write_shard(folder / name, images, rng.integers(0, len(CLASSES), rows), None)
        entries.append({"file": name, "rows": rows, "sha256": checksum})
    content = {"name": folder.name, "image_shape": shape, "classes": CLASSES, "shards": entries}
    write_json(folder / MANIFEST, {"format": FORMAT, **content})
