"""A folder is claimed before it is written to: the same command goes on with it, and any other is refused."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from synthda.errors import DataError
from synthda.manifest import disk_errors_told, fingerprint, is_vacant, read_manifest, write_json


def claim(out: Path, manifest: str, plan: Mapping[str, Any], *, ours: Iterable[str], force: bool) -> dict[str, Any]:
    """Write the plan to `MANIFEST.partial` in `out`, or find it there from an earlier try.

    Args:
        out: folder to write to; made when missing.
        manifest: name of the file that, written last, says that the folder is finished.
        plan: all that decides the bytes; its fingerprint tells one command from another.
        ours: patterns, relative to `out`, of the files that the writer writes: what `force` removes, and nothing else
            but the folders that are empty then.
        force: discard what a writer of the same kind has left.

    Returns:
        The plan with its fingerprint.

    Raises:
        DataError: when `out` is finished, or claimed by another command, or holds something else.
    """
    claimed = {**plan, "fingerprint": fingerprint(plan)}
    finished, partial = out / manifest, out / f"{manifest}.partial"
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file; give a folder to --out.")
    if not finished.exists() and not partial.exists():
        if out.exists() and not is_vacant(out):
            raise DataError(f"{out} is not empty, and not of this command; give --out a new or an empty folder.")
    elif force:
        _discard(out, finished, partial, ours)
    elif finished.exists():
        raise DataError(f"{out} is finished already; choose another --out, or give --force to make it anew.")
    elif read_manifest(partial).get("fingerprint") != claimed["fingerprint"]:
        raise DataError(
            f"{out} was begun by another command; give the same command again, choose another --out, or give --force "
            "to discard what is there."
        )
    write_json(partial, claimed)
    return claimed


def check_outside(out: Path, source: Path, option: str = "--out") -> None:
    """Raise DataError when `out` is `source` or lies in it: it would be written over, or among, what it is made of."""
    if out.expanduser().resolve().is_relative_to(source.resolve()):
        raise DataError(f"{out} lies within {source}; give {option} a place outside of it.")


def finish(out: Path, manifest: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest: the folder is finished."""
    write_json(out / manifest, content)
    (out / f"{manifest}.partial").unlink(missing_ok=True)
    return dict(content)


def _discard(out: Path, finished: Path, partial: Path, ours: Iterable[str]) -> None:
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
