"""Processors: those that this process may use."""

from __future__ import annotations

import os

import pytest

from synthda.cores import cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system keeps no process to some processors")
def test_processors_that_are_taken_from_a_process_do_not_count() -> None:
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(mine)})
    try:
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, mine)
    assert cores() == len(mine)


@pytest.mark.parametrize(("counted", "told"), [(6, 6), (None, 1)])
def test_where_a_process_is_kept_to_none_all_of_them_count(
    monkeypatch: pytest.MonkeyPatch, counted: int | None, told: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: counted)
    assert cores() == told
