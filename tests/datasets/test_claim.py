"""Claims: a folder has one writer at a time, and what a killed one was writing does not stay."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from synthda.datasets.claim import claim, finish
from synthda.errors import DataError
from synthda.manifest import LOCK, write_json

PLAN = {"format": 1, "kind": "pictures"}
OURS = ("*/*.png*", "*.writing")


def claimed(out: Path, *, plan: dict[str, Any] = PLAN, force: bool = False) -> AbstractContextManager[dict[str, Any]]:
    return claim(out, "m.json", plan, ours=OURS, force=force)


def test_while_a_folder_is_written_to_the_same_command_is_refused_forced_or_not(tmp_path: Path) -> None:
    with claimed(tmp_path / "out") as plan:
        for force in (False, True):
            with pytest.raises(DataError, match="Another process is writing to"):
                claimed(tmp_path / "out", force=force).__enter__()
        finish(tmp_path / "out", "m.json", plan)
    assert os.listdir(tmp_path / "out") == ["m.json"]


def test_what_is_refused_is_not_touched_not_even_by_a_lock(tmp_path: Path) -> None:
    with claimed(tmp_path) as plan:
        finish(tmp_path, "m.json", plan)
    before = (tmp_path / "m.json").stat().st_mtime_ns, tmp_path.stat().st_mtime_ns
    with pytest.raises(DataError, match="finished already"):
        claimed(tmp_path, plan=PLAN | {"seed": 1}).__enter__()
    assert ((tmp_path / "m.json").stat().st_mtime_ns, tmp_path.stat().st_mtime_ns) == before


def test_what_a_killed_writer_of_ours_left_is_gone_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    left = [tmp_path / "a" / "1.png.0a1b2c3d.writing", tmp_path / "m.json.partial.0a1b2c3d.writing"]
    with claimed(tmp_path):
        (tmp_path / "a").mkdir()
        for path in (*left, tmp_path / "a" / "mine.writing"):
            path.write_bytes(b"half")
    (tmp_path / LOCK).touch()  # a process that is killed cannot remove it
    with claimed(tmp_path):
        assert not any(path.exists() for path in left)
        assert (tmp_path / "a" / "mine.writing").exists()


def test_what_another_command_has_finished_before_the_lock_was_had_is_not_discarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def late(out: Path) -> Iterator[None]:
        write_json(out / "m.json", {"format": 1, "fingerprint": "another"})
        yield

    monkeypatch.setattr("synthda.datasets.claim.alone_in", late)
    with pytest.raises(DataError, match="finished already"):
        claimed(tmp_path).__enter__()
    assert os.listdir(tmp_path) == ["m.json"]


def test_what_force_discards_leaves_no_folder_that_is_empty_then_and_every_other(tmp_path: Path) -> None:
    ours = ("*/*/*.png",)
    with claim(tmp_path, "m.json", PLAN, ours=ours, force=False):
        for name in ("a/b/1.png", "c/d/2.png", "c/mine.txt"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
    with claim(tmp_path, "m.json", PLAN, ours=ours, force=True):
        assert not (tmp_path / "a").exists()
        assert os.listdir(tmp_path / "c") == ["mine.txt"]
