"""A domain in a format for other tools, and a manifest beside it from which the domain can be made again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from synthda.datasets.claim import claim, finish
from synthda.datasets.domain import Domain, in_blocks
from synthda.datasets.formats import DIGITS, Encoder, Progress, load_format
from synthda.datasets.records import EXPORT, layout_of
from synthda.datasets.shards import tables_of
from synthda.manifest import FORMAT, provenance, sha256_of

LIBRARIES = ("numpy", "pillow", "h5py")
ORIGIN = ("name", "seed", "settings", "inputs", "fingerprint", "provenance")
"""Of the manifest of shards, what is handed on."""

NUMBERED = "[0-9]" * DIGITS
IMAGES = tuple(f"{folder}{NUMBERED}.{kind}*" for folder in ("", "*/", "images/*/") for kind in ("png", "jpg"))
WRITTEN = (*IMAGES, "metadata.jsonl*", "shard-[0-9]*.tar*", "*.writing")
"""Patterns of what the formats write, each with the unfinished files beside it."""


def export(
    domain: Domain,
    out: Path,
    to: str,
    *,
    origin: Mapping[str, Any] | None = None,
    quality: int | None = None,
    force: bool = False,
    progress: Progress = lambda rows: None,
) -> dict[str, Any]:
    """Write `domain` into `out` in the format `to`; the same call goes on where an interrupted one was.

    Args:
        domain: read in blocks.
        out: folder to write to; made when missing.
        to: a name in `FORMATS`.
        origin: the manifest of the domain's shards, as `manifest_of` finds it; its tables give choices their names.
        quality: of JPEG files; None for PNG files, which lose nothing.
        force: discard an export that stands in `out`.
        progress: called with the number of images just finished.

    Returns:
        The manifest: `synthda.json`, written last.

    Raises:
        DataError: when `out` is finished or holds something else; when the format cannot hold the domain.
        SettingError: for an unknown format.
    """
    written = load_format(to)
    origin = origin or {}
    if not written.carries_scenes:
        domain = replace(domain, scenes=None)
    layout = layout_of(domain, tables_of(origin))
    plan = {
        "format": FORMAT,
        "kind": "export",
        "to": to,
        **layout.as_dict(),
        "quality": quality,
        "content": _content_of(domain),
        "origin": {key: origin[key] for key in ORIGIN if key in origin},
        "libraries": provenance(*LIBRARIES)["versions"],
    }
    with claim(out, EXPORT, plan, ours=WRITTEN, force=force) as claimed:
        files = written.write(domain, layout, out, Encoder(quality), progress)
        checksums = {name: sha256_of(out / name) for name in files}
        return finish(out, EXPORT, {**claimed, "files": checksums, "provenance": provenance(*LIBRARIES)})


def _content_of(domain: Domain) -> str:
    """A hash of all that is exported, so that another domain does not go on with this one's files."""
    digest = hashlib.blake2b(digest_size=16)
    for block in in_blocks(domain.images):
        digest.update(np.ascontiguousarray(block).data)
    digest.update(domain.labels.tobytes())
    if domain.scenes is not None:
        digest.update(domain.scenes.tobytes())
    return digest.hexdigest()
