"""Render a domain into shards: the same bytes with any number of workers, resumable at any moment."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from synthda import __version__
from synthda.datasets.claim import remove_damaged
from synthda.datasets.shards import BLOCK, MANIFEST, rows_per_shard, shard_name
from synthda.errors import DataError
from synthda.manifest import (
    FORMAT,
    disk_errors_told,
    fingerprint,
    is_vacant,
    provenance,
    read_manifest,
    sha256_of,
    write_json,
)
from synthda.synth.renderer import Renderer
from synthda.synth.workers import Shard, Workshop, make_shards

LIBRARIES = ("numpy", "pillow", "opencv-python-headless", "h5py", "resvg_py")


def generate(
    renderer: Renderer,
    out: Path,
    *,
    name: str,
    count: int,
    seed: int = 0,
    workers: int = 1,
    force: bool = False,
    progress: Callable[[int], None] = lambda rows: None,
) -> dict[str, Any]:
    """Render `count` images into `out` and return the manifest; finished shards of an earlier try are kept.

    Args:
        renderer: what draws and renders; it must pickle when `workers` > 1.
        out: folder of the domain; made when missing.
        name: the renderer's name in the registry.
        count: images; the first n of a larger count are the same images. Of a finished domain, shards that are missing
            or damaged are rendered again.
        seed: of every draw, together with the block's number.
        workers: processes; the bytes do not depend on it.
        force: discard a domain that stands in `out`.
        progress: called with the number of rows just finished.

    Raises:
        DataError: when `out` holds something else, or the same domain with other settings.
    """
    plan = _plan(renderer, name, count, seed)
    if _is_finished(out, plan, force):
        finished = read_manifest(out / MANIFEST)
        if not remove_damaged(out, MANIFEST):
            progress(count)
            return finished
    write_json(out / f"{MANIFEST}.partial", plan)

    per_shard = rows_per_shard(renderer.image_shape)
    shards = [
        Shard(index, index * per_shard // BLOCK, min(per_shard, count - index * per_shard))
        for index in range(-(-count // per_shard))
    ]
    missing = [shard for shard in shards if not (out / shard_name(shard.index)).exists()]
    progress(count - sum(shard.rows for shard in missing))
    digests = make_shards(Workshop(renderer, seed, out), missing, workers, progress)

    # Shards of an earlier try are hashed as they lie there.
    entries = [
        {"file": name, "rows": shard.rows, "sha256": digests.get(shard.index) or sha256_of(out / name)}
        for shard in shards
        for name in [shard_name(shard.index)]
    ]
    manifest = plan | {"shards": entries, "provenance": provenance(*LIBRARIES)}
    write_json(out / MANIFEST, manifest)
    (out / f"{MANIFEST}.partial").unlink(missing_ok=True)
    return manifest


def check_place(renderer: Renderer, out: Path, *, name: str, count: int, seed: int) -> None:
    """Raise DataError when `generate` without `force` would refuse `out`; nothing is written."""
    _is_finished(out, _plan(renderer, name, count, seed), force=False)


def finished_at(out: Path) -> int | None:
    """When the domain in `out` was finished, nanoseconds as the disk counts them; None where none is."""
    manifest = out / MANIFEST
    return manifest.stat().st_mtime_ns if manifest.exists() else None


def _plan(renderer: Renderer, name: str, count: int, seed: int) -> dict[str, Any]:
    """What decides the bytes, and its fingerprint: the same command, and no other, resumes."""
    plan = {
        "format": FORMAT,
        "kind": "domain",
        "name": name,
        "count": count,
        "seed": seed,
        "image_shape": list(renderer.image_shape),
        "classes": list(renderer.classes),
        "settings": {f.name: getattr(renderer, f.name) for f in dataclasses.fields(renderer)},  # type: ignore[arg-type]
        "tables": {column: list(choices) for column, choices in renderer.tables.items()},
        "inputs": dict(renderer.inputs),
        "libraries": provenance(*LIBRARIES)["versions"] | {"synthda": __version__},
    }
    return plan | {"fingerprint": fingerprint(plan)}


def _is_finished(out: Path, plan: dict[str, Any], force: bool) -> bool:
    """Whether `out` already holds this very domain; clears it under `force`, refuses anything else."""
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file; give a folder to --out.")
    manifests = [path for path in (out / MANIFEST, out / f"{MANIFEST}.partial") if path.exists()]
    if not manifests:
        if out.exists() and not is_vacant(out):
            raise DataError(f"{out} is not empty and holds no domain; give --out a new or an empty folder.")
        return False
    if force:
        with disk_errors_told(out):
            os.replace(manifests[0], out / f"{MANIFEST}.partial")  # stopped half-way, it is still known as a domain
            for path in [*out.glob("shard-*.h5"), *out.glob("*.writing")]:
                path.unlink(missing_ok=True)
        return False
    found = read_manifest(manifests[0])
    if found.get("fingerprint") != plan["fingerprint"]:
        differing = [key for key in plan if key != "fingerprint" and found.get(key) != _as_json(plan[key])]
        state = "a finished" if manifests[0].name == MANIFEST else "an unfinished"
        raise DataError(
            f"{out} holds {state} domain that differs in its {', '.join(differing) or 'version'}; choose another "
            "--out, or give --force to discard it."
        )
    return manifests[0].name == MANIFEST


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def free_bytes(folder: Path) -> int:
    """Bytes left on the disk that `folder` is, or will be, on."""
    existing = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    return shutil.disk_usage(existing).free
