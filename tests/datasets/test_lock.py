"""Locks: one process at a time, and none is left behind, however the process ended."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from synthda.datasets.lock import acquire, alone_in, release
from synthda.errors import DataError, SynthdaError
from synthda.manifest import LOCK, is_vacant

HOLDER = (
    "import sys, time; from pathlib import Path; from synthda.datasets.lock import alone_in\n"
    "with alone_in(Path(sys.argv[1])):\n"
    "    print('held', flush=True)\n"
    "    time.sleep(60)"
)


def holding(folder: Path) -> subprocess.Popen[bytes]:
    """A process that is alone in a folder, until it is killed."""
    begun = subprocess.Popen([sys.executable, "-c", HOLDER, folder], stdout=subprocess.PIPE)
    assert begun.stdout is not None
    assert begun.stdout.readline().strip() == b"held"
    return begun


def test_a_second_process_is_refused_until_the_first_is_gone_even_killed(tmp_path: Path) -> None:
    first = holding(tmp_path / "d")
    try:
        assert is_vacant(tmp_path / "d")
        with pytest.raises(DataError, match=r"Another process is writing to .*; wait until it has ended"):
            alone_in(tmp_path / "d").__enter__()
    finally:
        first.kill()
        first.communicate()
    with alone_in(tmp_path / "d"):
        assert os.listdir(tmp_path / "d") == [LOCK]


def test_a_process_that_waits_has_the_folder_after_the_first(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with alone_in(tmp_path, wait=True):
            order.append("second")

    with alone_in(tmp_path):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.2)
        order.append("first")
    waiting.join(timeout=30)
    assert order == ["first", "second"]


def test_nothing_stays_of_a_lock_that_was_given_back(tmp_path: Path) -> None:
    with pytest.raises(KeyError), alone_in(tmp_path / "d"):
        raise KeyError
    assert os.listdir(tmp_path / "d") == []


def test_a_lock_is_given_back_once(tmp_path: Path) -> None:
    first = acquire(tmp_path / "lock", "taken")
    release(first)
    second = acquire(tmp_path / "lock", "taken")
    release(first)
    with pytest.raises(DataError, match="taken"):
        acquire(tmp_path / "lock", "taken")
    release(second)


def test_a_place_where_nothing_can_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SynthdaError, match="could not be written"):
        alone_in(tmp_path / "file" / "below").__enter__()
