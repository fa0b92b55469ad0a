"""Render a domain into shards: the same bytes with any number of workers, resumable at any moment."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

from synthda import __version__
from synthda.datasets.claim import damaged, finish, remove_damaged, remove_unfinished
from synthda.datasets.lock import alone_in
from synthda.datasets.shards import BLOCK, MANIFEST, rows_per_shard, shard_name
from synthda.errors import DataError
from synthda.manifest import (
    FORMAT,
    WRITING,
    disk_errors_told,
    fingerprint,
    is_vacant,
    provenance,
    read_manifest,
    sha256_of,
    write_json,
)
from synthda.synth.renderer import Renderer, check_seed
from synthda.synth.workers import Progress, Shard, Workshop, make_shards

LIBRARIES = ("numpy", "pillow", "opencv-python-headless", "h5py", "resvg_py")


def generate(
    renderer: Renderer,
    out: Path,
    *,
    name: str,
    count: int,
    seed: int = 0,
    workers: int | None = 1,
    force: bool = False,
    wait: bool = False,
    progress: Progress = lambda rows: None,
) -> dict[str, Any]:
    """Render `count` images into `out` and return the manifest; finished shards of an earlier try are kept.

    Args:
        renderer: what draws and renders; it must pickle when `workers` > 1.
        out: folder of the domain; made when missing.
        name: the renderer's name in the registry.
        count: images; the first n of a larger count are the same images. Of a finished domain, shards that are missing
            or damaged are rendered again.
        seed: of every draw, together with the block's number.
        workers: processes, None for one a core; the bytes do not depend on it.
        force: discard a domain that stands in `out`.
        wait: for another process that writes to `out`, in place of being refused.
        progress: called with the number of rows just finished.

    Raises:
        DataError: when `out` holds something else, or the same domain with other settings, or another process is
            writing there.
        SettingError: for a seed that would repeat another's images.
    """
    plan = plan_of(renderer, name, count, seed)
    if not _is_whole(out, plan, force):  # without the lock: what is whole may be on a disk that is only read
        with alone_in(out, wait=wait):
            if not _is_whole(out, plan, force):
                _make_room(out, force)
                return _render(Workshop(renderer, seed, out), plan, workers, progress)
    progress(count)
    return read_manifest(out / MANIFEST)


def _render(workshop: Workshop, plan: dict[str, Any], workers: int | None, progress: Progress) -> dict[str, Any]:
    """Make the shards that are missing, then the manifest."""
    out, count, per_shard = workshop.out, plan["count"], rows_per_shard(workshop.renderer.image_shape)
    write_json(out / f"{MANIFEST}.partial", plan)
    shards = [
        Shard(index, index * per_shard // BLOCK, min(per_shard, count - index * per_shard))
        for index in range(-(-count // per_shard))
    ]
    missing = [shard for shard in shards if not (out / shard_name(shard.index)).exists()]
    progress(count - sum(shard.rows for shard in missing))
    digests = make_shards(workshop, missing, workers, progress)

    # Shards of an earlier try are hashed as they lie there.
    entries = [
        {"file": name, "rows": shard.rows, "sha256": digests.get(shard.index) or sha256_of(out / name)}
        for shard in shards
        for name in [shard_name(shard.index)]
    ]
    return finish(out, MANIFEST, plan | {"shards": entries, "provenance": provenance(*LIBRARIES)})


def check_place(renderer: Renderer, out: Path, *, name: str, count: int, seed: int) -> None:
    """Raise DataError when `generate` without `force` would refuse `out`; nothing is written."""
    _is_finished(out, plan_of(renderer, name, count, seed), force=False)


def finished_at(out: Path) -> int | None:
    """When the domain in `out` was finished, nanoseconds as the disk counts them; None where none is."""
    manifest = out / MANIFEST
    return manifest.stat().st_mtime_ns if manifest.exists() else None


def plan_of(renderer: Renderer, name: str, count: int, seed: int) -> dict[str, Any]:
    """What decides the bytes, and its fingerprint: the same command, and no other, resumes.

    Raises:
        SettingError: for a seed that would repeat another's images.
    """
    check_seed(seed)
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


def _is_whole(out: Path, plan: dict[str, Any], force: bool) -> bool:
    """Whether nothing is left to do: `out` holds this very domain, undamaged; raises DataError as `_is_finished`."""
    return _is_finished(out, plan, force) and not damaged(out, MANIFEST)


def _is_finished(out: Path, plan: dict[str, Any], force: bool) -> bool:
    """Whether `out` holds this very domain, and is not to be made anew under `force`.

    Raises:
        DataError: when `out` holds something else; under `force`, another domain is accepted.
    """
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file; give a folder to --out.")
    manifests = [path for path in (out / MANIFEST, out / f"{MANIFEST}.partial") if path.exists()]
    if not manifests:
        if out.exists() and not is_vacant(out):
            raise DataError(f"{out} is not empty and holds no domain; give --out a new or an empty folder.")
        return False
    if force:
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


def _make_room(out: Path, force: bool) -> None:
    """Remove what is not to stay: damaged shards, or all under `force`, and what was not written to its end."""
    finished = out / MANIFEST
    if force:
        with disk_errors_told(out):
            if finished.exists():
                os.replace(finished, out / f"{MANIFEST}.partial")  # stopped half-way, it is still known as a domain
            for path in out.glob("shard-*.h5"):
                path.unlink(missing_ok=True)
    elif finished.exists():
        remove_damaged(out, MANIFEST)
    remove_unfinished(out, (f"*{WRITING}",))


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def free_bytes(folder: Path) -> int:
    """Bytes left on the disk that `folder` is, or will be, on."""
    existing = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    return shutil.disk_usage(existing).free
