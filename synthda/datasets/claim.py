"""A folder is claimed while it is written to: the same command goes on with it or mends it; others are refused."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from synthda.datasets.lock import alone_in
from synthda.errors import DataError
from synthda.manifest import WRITING, disk_errors_told, fingerprint, is_vacant, read_manifest, sha256_of, write_json


@contextmanager
def claim(
    out: Path, manifest: str, plan: Mapping[str, Any], *, ours: Collection[str], force: bool
) -> Iterator[dict[str, Any]]:
    """Write the plan to `MANIFEST.partial` in `out`, or find it there from an earlier try; within, write the rest.

    A folder that the same plan has finished is taken up again, so that what was lost or damaged is written anew.

    Args:
        out: folder to write to; made when missing.
        manifest: name of the file that, written last, says that the folder is finished.
        plan: all that decides the bytes; its fingerprint tells one command from another.
        ours: patterns, relative to `out`, of the files that the writer writes: what `force` removes, and nothing else
            but the folders that are empty then.
        force: discard what a writer of the same kind has left.

    Yields:
        The plan with its fingerprint.

    Raises:
        DataError: when `out` is finished or claimed by another command, or another process is writing there, or it
            holds something else.
    """
    claimed = {**plan, "fingerprint": fingerprint(plan)}
    finished, partial = out / manifest, out / f"{manifest}.partial"
    _refuse_other(out, finished, partial, None if force else claimed)  # before anything is touched
    with alone_in(out):
        _refuse_other(out, finished, partial, None if force else claimed)  # nor has one come and gone in between
        if force:
            _discard(out, finished, partial, ours)
        elif finished.exists():
            remove_damaged(out, manifest)
        remove_unfinished(out, ours)
        write_json(partial, claimed)
        finished.unlink(missing_ok=True)
        yield claimed


def remove_unfinished(out: Path, ours: Collection[str]) -> None:
    """Remove what a process that was killed was writing to `out`, which nobody else does now."""
    with disk_errors_told(out):
        for path in {path for pattern in ours for path in out.glob(pattern) if path.name.endswith(WRITING)}:
            path.unlink(missing_ok=True)


def remove_damaged(out: Path, manifest: str) -> None:
    """Remove the files of a finished folder that are not as its manifest has them; it is unfinished where any was.

    Only the files whose checksums the manifest holds are looked at.
    """
    lost = damaged(out, manifest)
    if lost:
        with disk_errors_told(out):
            for path in lost:  # first: stopped in between, the finished folder lacks them, which is seen again
                if path.parent == out:  # a manifest may come from anybody
                    path.unlink(missing_ok=True)
            os.replace(out / manifest, out / f"{manifest}.partial")


def damaged(out: Path, manifest: str) -> list[Path]:
    """The files of a finished folder that are missing, or not as its manifest has them."""
    content = read_manifest(out / manifest)
    checksums = {entry["file"]: entry["sha256"] for entry in content.get("shards", ())} | content.get("files", {})
    return [out / name for name in checksums if not _is_as_written(out / name, checksums[name])]


def _is_as_written(path: Path, sha256: str) -> bool:
    try:
        return sha256_of(path) == sha256
    except OSError:  # it is gone, or the disk cannot read it any more
        return False


def check_outside(out: Path, source: Path, option: str = "--out") -> None:
    """Raise DataError when `out` is `source` or lies in it: it would be written over, or among, what it is made of."""
    if out.expanduser().resolve().is_relative_to(source.resolve()):
        raise DataError(f"{out} lies within {source}; give {option} a place outside of it.")


def finish(out: Path, manifest: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest: the folder is finished."""
    write_json(out / manifest, content)
    (out / f"{manifest}.partial").unlink(missing_ok=True)
    return dict(content)


def _refuse_other(out: Path, finished: Path, partial: Path, claimed: Mapping[str, Any] | None) -> None:
    """Raise DataError when `out` is not of this kind, or not of the plan that is `claimed`; None accepts any plan."""
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file; give a folder to --out.")
    if not finished.exists() and not partial.exists():
        if out.exists() and not is_vacant(out):
            raise DataError(f"{out} is not empty, and not of this command; give --out a new or an empty folder.")
    elif claimed is None:
        return
    elif finished.exists():
        if read_manifest(finished).get("fingerprint") != claimed["fingerprint"]:
            raise DataError(
                f"{out} is finished already, of other images or with other settings; choose another --out, or give "
                "--force to discard what is there."
            )
    elif read_manifest(partial).get("fingerprint") != claimed["fingerprint"]:
        raise DataError(
            f"{out} was begun by another command; give the same command again, choose another --out, or give --force "
            "to discard what is there."
        )


def _discard(out: Path, finished: Path, partial: Path, ours: Collection[str]) -> None:
    with disk_errors_told(out):
        if finished.exists():
            os.replace(finished, partial)  # stopped half-way, the folder is still known
        removed = [path for pattern in ours for path in out.glob(pattern)]
        for path in removed:
            path.unlink(missing_ok=True)
        for folder in {path.parent for path in removed}:
            while folder != out and not any(folder.iterdir()):
                folder.rmdir()
                folder = folder.parent
