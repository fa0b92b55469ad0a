"""`webdataset`: tar shards that are read in one go, an image, its label and its factors one after another."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from synthda.datasets.domain import UNLABELLED, Domain
from synthda.datasets.formats import Encoder, Progress, Sample, file_name
from synthda.datasets.packed import PackedPhoto
from synthda.datasets.photos import READ_EXTENSIONS
from synthda.datasets.records import Layout, Records
from synthda.datasets.shards import BLOCK, rows_per_shard
from synthda.errors import DataError
from synthda.manifest import json_text, written_then_named

LABEL, RECORD = ".cls", ".json"
UNLABELLED_TEXT = str(UNLABELLED)

END = bytes(tarfile.BLOCKSIZE)
"""What follows the last member of a tar."""

Group = dict[str, PackedPhoto]
"""The files of one sample, by extension."""


class WebDataset:
    """`shard-00000.tar`, …: for each row NNNNNNNN.png, NNNNNNNN.cls (the label) and NNNNNNNN.json (every factor)."""

    carries_scenes = True

    def write(self, domain: Domain, layout: Layout, out: Path, encoder: Encoder, progress: Progress) -> list[str]:
        records = Records(domain, layout)
        per_shard = rows_per_shard(layout.image_shape)
        names = []
        for index, first in enumerate(range(0, len(domain), per_shard)):
            names.append(f"shard-{index:05d}.tar")
            last = min(first + per_shard, len(domain))
            if (out / names[-1]).exists():
                progress(last - first)
            else:
                _write_shard(out / names[-1], records, (first, last), encoder, progress)
        return names

    def recognises(self, path: Path) -> bool:
        return path.suffix == ".tar" if path.is_file() else any(path.glob("*.tar"))

    def samples(self, path: Path, layout: Layout | None) -> Iterator[Sample]:
        for tar in [path] if path.is_file() else sorted(path.glob("*.tar")):
            for key, group in _groups(tar):
                yield _sample(tar, key, group, layout)


def _write_shard(path: Path, records: Records, rows: tuple[int, int], encoder: Encoder, progress: Progress) -> None:
    first, last = rows
    with written_then_named(path) as partial, tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as tar:
        for start in range(first, last, BLOCK):
            end = min(start + BLOCK, last)
            images = records.domain.images.read(np.arange(start, end, dtype=np.int64))
            for row, image, record in zip(range(start, end), images, records.rows(start, end), strict=True):
                text = json_text(record, allow_nan=False)
                _add(tar, file_name(row, encoder.suffix), encoder(image))
                _add(tar, file_name(row, LABEL), str(record["label"]).encode())
                _add(tar, file_name(row, RECORD), text.encode())
            progress(end - start)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Nothing of time, person or machine: the same rows, the same bytes."""
    header = tarfile.TarInfo(name)
    header.size, header.mode, header.mtime = len(content), 0o644, 0
    header.uid = header.gid = 0
    tar.addfile(header, io.BytesIO(content))


def _groups(path: Path) -> Iterator[tuple[str, Group]]:
    """Files of one name but their extension that follow one another. They are read in memory: nothing is extracted."""
    try:
        if path.stat().st_size % tarfile.BLOCKSIZE:  # tarfile takes half a header for the end
            raise tarfile.ReadError("it ends within a block")
        with tarfile.open(path, "r:") as tar:
            key, group = "", Group()
            while (member := tar.next()) is not None:
                tar.members = []  # type: ignore[attr-defined]  # or else the headers of all members would be kept
                if not member.isreg() or member.issparse():
                    continue
                name = PurePosixPath(member.name)
                stem, _, extension = name.name.partition(".")
                found = (name.parent / stem).as_posix()
                if found != key and group:
                    yield key, group
                    group = Group()
                key = found
                file = tar.extractfile(member)
                assert file is not None
                group["." + extension.lower()] = PackedPhoto(f"{path}/{member.name}", file.read())
            assert tar.fileobj is not None
            tar.fileobj.seek(tar.offset)
            if tar.fileobj.read(tarfile.BLOCKSIZE) != END:  # tarfile takes whatever it cannot read for the end
                raise tarfile.ReadError("it breaks off behind a member")
            if group:
                yield key, group
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise DataError(
            f"{path} is damaged, or no plain tar ({error}); restore it, or unpack it if it is compressed."
        ) from error


def _sample(tar: Path, key: str, group: Group, layout: Layout | None) -> Sample:
    photo = next((group[extension] for extension in group if extension in READ_EXTENSIONS), None)
    if photo is None:
        raise DataError(f"{tar} has no image for {key} ({', '.join(group)}); remove the sample, or restore the file.")
    try:
        label = group[LABEL].content.decode().strip() if LABEL in group else UNLABELLED_TEXT
        record = json.loads(group[RECORD].content) if RECORD in group and layout else {}
        if not isinstance(record, dict):
            raise ValueError("a record is a JSON object")
        if label == UNLABELLED_TEXT:
            return Sample(photo, None, record)
        return Sample(photo, label if layout is None else dict(enumerate(layout.classes))[int(label)], record)
    except (KeyError, ValueError, RecursionError) as error:
        raise DataError(
            f"{tar} holds a label or a record of {key} that cannot be read ({error}); restore it."
        ) from error
