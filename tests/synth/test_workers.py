"""Worker processes: the same shards as without them, each row told of once, and an end that is told of too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from stripes import Stripes

from synthda.datasets.shards import BLOCK, shard_name
from synthda.errors import DataError, SynthdaError
from synthda.manifest import sha256_of
from synthda.synth.workers import Shard, Workshop, make_shards

SHARDS = [Shard(0, 0, 2 * BLOCK), Shard(1, 2, BLOCK + 7), Shard(5, 10, 3)]


class Fatal(Stripes):
    """Ends the process that unpickles it, as the system does when memory runs out."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


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
