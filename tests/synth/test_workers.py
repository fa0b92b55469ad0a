"""Worker processes: the same shards as without them, each row told of once, and an end that is told of too."""

from __future__ import annotations

import os
import sys
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from stripes import Stripes

from synthda.datasets.shards import BLOCK, shard_name
from synthda.errors import DataError, SynthdaError
from synthda.manifest import sha256_of
from synthda.synth.workers import Shard, Workshop, make_shards, worker_count

MANY = Shard(0, 0, 60 * BLOCK)
SHARDS = [Shard(0, 0, 2 * BLOCK), Shard(1, 2, BLOCK + 7), Shard(5, 10, 3)]


class Fatal(Stripes):
    """Ends the process that unpickles it, as the system does when memory runs out."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


class Large(Stripes):
    """Says that its images are large: a block of them would be 48 MiB."""

    rendered: ClassVar[list[int]] = []

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return 256, 256, 3

    def render(self, scenes: Any) -> Any:
        self.rendered.append(len(scenes))
        return np.broadcast_to(np.arange(len(scenes), dtype=np.uint8)[:, None, None, None], (len(scenes), 256, 256, 3))


class Faulty(Stripes):
    """Can draw nothing."""

    def render(self, scenes: Any) -> Any:
        raise DataError("The template is missing.")


@pytest.mark.parametrize("workers", [1, 2])
def test_each_digest_is_that_of_its_file_and_each_row_is_told_of_once(tmp_path: Path, workers: int) -> None:
    told: list[int] = []
    digests = make_shards(Workshop(Stripes(), 0, tmp_path), SHARDS, workers, told.append)
    assert digests == {shard.index: sha256_of(tmp_path / shard_name(shard.index)) for shard in SHARDS}
    assert sum(told) == sum(shard.rows for shard in SHARDS)


def test_workers_make_the_bytes_that_this_process_makes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    one, two = (
        make_shards(Workshop(Stripes(), 3, tmp_path / folder), SHARDS, workers, lambda rows: None)
        for folder, workers in (("one", 1), ("two", 2))
    )
    assert one == two


@pytest.mark.parametrize(
    ("shards", "asked", "system", "count"),
    [
        (3, 8, "linux", 3),
        (3, 2, "linux", 2),
        (100, 80, "linux", 80),
        (100, 80, "win32", 61),
        (5, 80, "win32", 5),
        (0, 4, "linux", 1),
        (100, None, "linux", 7),
        (3, None, "linux", 3),
    ],
)
def test_there_are_as_many_workers_as_are_asked_for_of_use_and_possible(
    monkeypatch: pytest.MonkeyPatch, shards: int, asked: int | None, system: str, count: int
) -> None:
    monkeypatch.setattr("synthda.synth.workers.cores", lambda: 7)
    monkeypatch.setattr(sys, "platform", system)
    assert worker_count(shards, asked) == count


def test_no_worker_is_started_for_whom_there_is_no_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    class Counted(ProcessPoolExecutor):
        def __init__(self, most: int, *how: Any, **named: Any) -> None:
            started.append(most)
            super().__init__(most, *how, **named)

    monkeypatch.setattr("synthda.synth.workers.ProcessPoolExecutor", Counted)
    make_shards(Workshop(Stripes(), 0, tmp_path), SHARDS[1:], 90, lambda rows: None)
    make_shards(Workshop(Stripes(), 0, tmp_path), SHARDS[:1], 90, lambda rows: None)
    assert started == [2]


def test_images_are_given_up_before_the_bytes_of_their_shard_are_copied(tmp_path: Path) -> None:
    pixels = MANY.rows * 16 * 16 * 3
    tracemalloc.start()  # sees NumPy's memory and the copy, not HDF5's
    Workshop(Stripes(), 0, tmp_path).make(MANY)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.7 * pixels


def test_large_images_are_rendered_by_less_than_a_block(tmp_path: Path) -> None:
    told: list[int] = []
    Workshop(Large(), 0, tmp_path).make(Shard(0, 0, 200), told.append)
    assert Large.rendered == told == [85, 85, 30]  # 16 MiB


def test_a_worker_that_is_ended_from_outside_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ended from outside.* with fewer --workers"):
        make_shards(Workshop(Fatal(), 0, tmp_path), SHARDS, 2, lambda rows: None)
    assert not os.listdir(tmp_path)


def test_an_error_in_a_worker_comes_through(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="template"):
        make_shards(Workshop(Faulty(), 0, tmp_path), SHARDS, 2, lambda rows: None)


def test_what_a_worker_cannot_write_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SynthdaError, match="could not be written"):
        make_shards(Workshop(Stripes(), 0, tmp_path / "file"), SHARDS, 2, lambda rows: None)
