"""A domain with scenes to convert, small enough for tests, and what tells two domains apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from synthda.datasets.domain import ArrayImages, Domain, in_memory
from synthda.datasets.export import export
from synthda.datasets.ingest import ingest, survey
from synthda.datasets.shards import MANIFEST, open_shards, shard_name, write_shard
from synthda.manifest import FORMAT, sha256_of, write_json

CLASSES = ("10", "2", "no/slash", "schön", "empty")
TABLES = {"font": ["Arial", "Mono", "Arial", "none"], "photo": ["a.jpg"]}
COLUMNS = [("label", "i8"), ("angle", "f4"), ("exact", "f8"), ("font", "i4"), ("photo", "i4"), ("shade", "u1")]
COLUMNS += [("big", "u8"), ("flag", "?"), ("image", "f4"), ("noise_seed", "u4")]


def domain_of(count: int, classes: tuple[str, ...] = CLASSES) -> Domain:
    """Random images and scenes with every kind of column; the last class is empty."""
    rng = np.random.default_rng(count)
    labels = rng.integers(len(classes) - 1, size=count)
    scenes = np.zeros(count, np.dtype(sorted(COLUMNS)))
    scenes["label"] = labels
    scenes["angle"] = (rng.standard_normal(count) * 10.0 ** rng.integers(-30, 30, count)).astype("f4")
    scenes["angle"][0] = np.nan
    scenes["exact"], scenes["image"] = rng.random((2, count))
    scenes["font"], scenes["photo"] = rng.integers(4, size=count), rng.integers(-1, 1, count)
    scenes["shade"], scenes["flag"] = rng.integers(256, size=count), rng.random(count) < 0.5
    scenes["big"], scenes["noise_seed"] = 2**63 + np.arange(count, dtype="u8"), rng.integers(2**32, size=count)
    images = rng.integers(0, 256, (count, 9, 12, 3), dtype=np.uint8)
    return Domain(ArrayImages(images), labels, classes, scenes, name="toy")


def write_domain(domain: Domain, folder: Path) -> Domain:
    """The domain as shards, as `generate` writes them."""
    images = in_memory(domain.images)
    write_shard(folder / shard_name(0), images, domain.labels, domain.scenes)
    entry = {"file": shard_name(0), "rows": len(images), "sha256": sha256_of(folder / shard_name(0))}
    manifest = {"format": FORMAT, "kind": "domain", "name": "toy", "seed": 7, "settings": {"angle": 3}}
    shape = {"image_shape": images.shape[1:], "classes": domain.classes, "tables": TABLES, "shards": [entry]}
    write_json(folder / MANIFEST, manifest | shape)
    return open_shards(folder)


def exported(domain: Domain, out: Path, to: str, **how: Any) -> Path:
    export(domain, out, to, origin={"tables": TABLES}, **how)
    return out


def made_again(path: Path, out: Path, **how: Any) -> Domain:
    ingest(survey(path), out, **how)
    return open_shards(out)


def assert_same(one: Domain, other: Domain, *, scenes: bool = True) -> None:
    """Same images, labels, classes and, if asked for, scenes, to the bit."""
    assert np.array_equal(in_memory(one.images), in_memory(other.images))
    assert one.labels.tolist() == other.labels.tolist()
    assert (one.classes, one.name) == (other.classes, other.name)
    if scenes:
        assert one.scenes is not None
        assert other.scenes is not None
        assert one.scenes.dtype == other.scenes.dtype
        assert one.scenes.tobytes() == other.scenes.tobytes()
    else:
        assert other.scenes is None


__all__ = ["CLASSES", "TABLES", "assert_same", "domain_of", "exported", "made_again", "write_domain"]
