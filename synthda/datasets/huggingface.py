"""`hf`: the ImageFolder layout of Hugging Face's `datasets`, images beside one `metadata.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from synthda.datasets.domain import Domain
from synthda.datasets.folders import leads_out
from synthda.datasets.formats import Encoder, Progress, Sample, file_name, write_pictures
from synthda.datasets.records import Layout, Records
from synthda.datasets.shards import BLOCK
from synthda.errors import DataError
from synthda.manifest import json_text, written_then_named

METADATA = "metadata.jsonl"
FILES_A_FOLDER = 1000


class HuggingFace:
    """A line of metadata for each image: file_name, label, label_name, and every factor."""

    carries_scenes = True

    def write(self, domain: Domain, layout: Layout, out: Path, encoder: Encoder, progress: Progress) -> list[str]:
        write_pictures(domain, lambda row: out / _place(row, encoder), encoder, progress, out)
        records = Records(domain, layout)
        with written_then_named(out / METADATA) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
            for first in range(0, len(domain), BLOCK):
                for row, record in enumerate(records.rows(first, min(first + BLOCK, len(domain))), first):
                    line = {"file_name": _place(row, encoder).as_posix(), **record}
                    file.write(json_text(line, allow_nan=False) + "\n")
        return [METADATA]

    def recognises(self, path: Path) -> bool:
        return (path / METADATA).is_file()

    def samples(self, path: Path, layout: Layout | None) -> Iterator[Sample]:
        try:
            with (path / METADATA).open(encoding="utf-8") as file:
                for number, line in enumerate(file, 1):
                    if line.strip():
                        record = _record(line, path / METADATA, number)
                        yield Sample(path / record["file_name"], label_in(record), record)
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path / METADATA} cannot be read ({error}); restore it.") from error


def label_in(record: dict[str, Any]) -> str | None:
    """The name of a record's class: `label_name` as synthda writes it, else `label`, a name or a number."""
    named = record.get("label_name")
    if named is None:
        named = record.get("label")
        if named == -1:
            return None
    return None if named is None else str(named)


def _place(row: int, encoder: Encoder) -> PurePosixPath:
    """Two folders deep, so that no tool takes the folder for a class."""
    return PurePosixPath("images", f"{row // FILES_A_FOLDER:05d}", file_name(row, encoder.suffix))


def _record(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
        if leads_out(record["file_name"]):  # the metadata may come from anybody
            raise ValueError(f"{record['file_name']} leads out of the folder")
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DataError(f"Line {number} of {path} is no record of an image ({error}); restore the file.") from error
    found: dict[str, Any] = record
    return found
