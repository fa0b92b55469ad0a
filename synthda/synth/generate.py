"""Render a domain into shards: the same bytes with any number of workers, resumable at any moment."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import shutil
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda import __version__
from synthda.datasets.domain import Scenes
from synthda.datasets.shards import BLOCK, MANIFEST, rows_per_shard, shard_name, write_shard
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
from synthda.synth.renderer import Renderer, sample_block

Rendered = tuple[Scenes, NDArray[np.uint8]]
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
        count: images; the first n of a larger count are the same images.
        seed: of every draw, together with the block's number.
        workers: processes; the bytes do not depend on it.
        force: discard a domain that stands in `out`.
        progress: called with the number of rows just finished.

    Raises:
        DataError: when `out` holds something else, or the same domain with other settings.
    """
    plan = _plan(renderer, name, count, seed)
    if _is_finished(out, plan, force):
        progress(count)
        return read_manifest(out / MANIFEST)
    write_json(out / f"{MANIFEST}.partial", plan)

    per_shard = rows_per_shard(renderer.image_shape)
    shards = [(index, min(per_shard, count - index * per_shard)) for index in range(-(-count // per_shard))]
    missing = [(index, rows) for index, rows in shards if not (out / shard_name(index)).exists()]
    progress(count - sum(rows for _, rows in missing))
    blocks = [
        (index * per_shard // BLOCK + position, min(BLOCK, rows - position * BLOCK))
        for index, rows in missing
        for position in range(-(-rows // BLOCK))
    ]
    rendered = _render_blocks(renderer, seed, blocks, workers)
    for index, rows in missing:
        parts = []
        for _ in range(-(-rows // BLOCK)):
            parts.append(next(rendered))
            progress(len(parts[-1][0]))
        scenes: Scenes = np.concatenate([part[0] for part in parts])
        images = np.concatenate([part[1] for part in parts])
        write_shard(out / shard_name(index), images, scenes["label"].astype(np.int64), scenes)

    manifest = plan | {
        "shards": [
            {"file": shard_name(index), "rows": rows, "sha256": sha256_of(out / shard_name(index))}
            for index, rows in shards
        ],
        "provenance": provenance(*LIBRARIES),
    }
    write_json(out / MANIFEST, manifest)
    (out / f"{MANIFEST}.partial").unlink()
    return manifest


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
            f"{out} holds {state} domain made with another {', '.join(differing) or 'version'}; choose another --out, "
            "or give --force to discard it."
        )
    return manifests[0].name == MANIFEST


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def _render_blocks(renderer: Renderer, seed: int, blocks: list[tuple[int, int]], workers: int) -> Iterator[Rendered]:
    """The blocks in order; with workers, a few of them ahead of the one that is awaited."""
    if workers <= 1:
        yield from (_render_block(renderer, seed, block, rows) for block, rows in blocks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
        awaited: deque[Future[Rendered]] = deque()
        try:
            for block, rows in blocks:
                awaited.append(pool.submit(_render_block, renderer, seed, block, rows))
                if len(awaited) > 4 * workers:
                    yield awaited.popleft().result()
            while awaited:
                yield awaited.popleft().result()
        except BrokenProcessPool as error:
            raise DataError(
                "A rendering process was ended from outside, perhaps for want of memory; run the same command again "
                "with fewer --workers: what is finished is kept."
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # Ctrl-C does not wait for what is queued


def _render_block(renderer: Renderer, seed: int, block: int, rows: int) -> Rendered:
    scenes: Scenes = sample_block(renderer, seed, block)[:rows]
    return scenes, renderer.render(scenes)


def _end_with_parent() -> None:
    """A killed parent cannot end its workers: each watches for its death and leaves. Ctrl-C is the parent's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_after_parent, daemon=True).start()


def _exit_after_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def free_bytes(folder: Path) -> int:
    """Bytes left on the disk that `folder` is, or will be, on."""
    existing = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    return shutil.disk_usage(existing).free
