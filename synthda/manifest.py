"""Manifests: the JSON file, written last, that says what produced a folder; and the rule "written, then named"."""

from __future__ import annotations

import glob
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from synthda import __version__
from synthda.errors import DataError, SynthdaError
from synthda.shell import quoted

FORMAT = 1
"""Version of the layout of domains and runs; a reader refuses a manifest with a higher one."""

WRITING = ".writing"
"""Ends the name of a file that is not whole yet."""

ABANDONED = 24 * 60 * 60
"""Seconds after which nobody goes on with such a file: even the comparison of an exported model has ended."""

LOCK = ".synthda.lock"
"""The file of the lock of a folder, while a process writes there."""


def fingerprint(settings: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a mapping's canonical JSON: equal settings, equal fingerprint."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def provenance(*distributions: str) -> dict[str, Any]:
    """Where something was made: command, versions of Python, synthda and `distributions`, system, commit."""
    return {
        "command": quoted(Path(sys.argv[0]).name.replace("__main__.py", "synthda"), *sys.argv[1:]),
        "synthda": __version__,
        "commit": commit_of(Path(__file__).resolve().parent.parent),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {name: _version(name) for name in distributions},
    }


@contextmanager
def disk_errors_told(path: Path) -> Iterator[None]:
    """Within: what the system refuses while `path` is written becomes one sentence, a SynthdaError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise SynthdaError(
            f"{path} could not be written ({reason}); free some space or choose another folder, and run the same "
            "command again: what is finished is kept."
        ) from error


@contextmanager
def written_then_named(path: Path) -> Iterator[Path]:
    """Give the path to write to; on leaving without an error, flush it to disk and rename it to `path`.

    Raises:
        SynthdaError: when the disk is full or the folder cannot be written to.
    """
    partial = partial_of(path)
    try:
        with disk_errors_told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield partial
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(partial, path)
            _remove_abandoned(path)
    finally:
        with suppress(OSError):  # below a file, or on a read-only disk, there is nothing to remove
            partial.unlink(missing_ok=True)


def partial_of(path: Path) -> Path:
    """A name beside `path` to write it under, new at each call: of two writers, neither touches the other's file."""
    return path.with_name(f"{path.name}.{os.urandom(4).hex()}{WRITING}")


def is_vacant(folder: Path) -> bool:
    """Whether a folder holds nothing, apart from a lock, and from files that are, or were, being written."""
    return all(path.name == LOCK or path.name.endswith(WRITING) for path in folder.iterdir())


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write indented JSON, whole or not at all."""
    text = json_text(content, indent=1, default=str) + "\n"
    with written_then_named(path) as partial:
        partial.write_text(text, encoding="utf-8")


def json_text(content: Any, **how: Any) -> str:
    """JSON in readable characters; in ASCII where a file's name is no UTF-8, which comes back as it was from that.

    Args:
        how: as `json.dumps` takes it.
    """
    text = json.dumps(content, ensure_ascii=False, **how)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(content, **how)
    return text


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest.

    Raises:
        DataError: when it is no JSON object, or was written by a newer synthda.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is not a readable manifest ({error}); make the folder again.") from error
    if not isinstance(content, dict) or not isinstance(content.get("format"), int):
        raise DataError(f"{path} is not a manifest of synthda; point at a folder that synthda wrote.")
    if content["format"] > FORMAT:
        raise DataError(
            f"{path} has format {content['format']}, newer than this synthda {__version__} reads ({FORMAT}); "
            "upgrade synthda."
        )
    return content


def _remove_abandoned(path: Path) -> None:
    """Remove what writers of `path` that were killed have left."""
    for partial in path.parent.glob(f"{glob.escape(path.name)}.{'[0-9a-f]' * 8}{WRITING}"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > ABANDONED:
                partial.unlink()


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


@cache
def commit_of(checkout: Path) -> str | None:
    """The commit of a source checkout, `-dirty` appended where its code differs from it; None where it is none.

    The code is `synthda/` and `bench/`, without the results that the latter writes.
    """
    if not (checkout / ".git").exists():
        return None
    code = ("synthda", "bench", ":(exclude)bench/results")
    commit = _git(checkout, "rev-parse", "--short=12", "HEAD")
    changes = _git(checkout, "status", "--porcelain", "--untracked-files=no", "--", *code)
    return f"{commit}-dirty" if commit and changes else commit or None


def _git(checkout: Path, *arguments: str) -> str:
    """What git prints; nothing where it is missing or fails."""
    try:
        done = subprocess.run(["git", "-C", str(checkout), *arguments], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
