"""Toy domains on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from synthda.datasets.domain import ArrayImages, Domain, in_memory
from synthda.datasets.shards import MANIFEST, open_shards, shard_name, write_shard
from synthda.manifest import FORMAT, write_json


def stored(made: Domain, folder: Path, *, shard: int = 256) -> Domain:
    """The domain in shards of so many rows, opened."""
    folder.mkdir(parents=True, exist_ok=True)
    entries, images = [], in_memory(made.images)
    for first in range(0, len(made), shard):
        path = folder / shard_name(len(entries))
        part = slice(first, first + shard)
        checksum = write_shard(path, images[part], made.labels[part], None)
        entries.append({"file": path.name, "rows": len(images[part]), "sha256": checksum})
    content = {"name": made.name, "image_shape": images.shape[1:], "classes": made.classes, "shards": entries}
    write_json(folder / MANIFEST, {"format": FORMAT, **content})
    return replace(open_shards(folder), name=made.name)


def noise(n: int, side: int = 4) -> Domain:
    """Images of which no two are equal."""
    rng = np.random.default_rng(n)
    pixels = rng.integers(0, 256, (n, side, side, 3), dtype=np.uint8)
    return Domain(ArrayImages(pixels), rng.integers(0, 2, n), ("a", "b"), name="noise")
