"""The order of images: each once an epoch, the same whatever was asked before, kept in windows for streaming."""

from __future__ import annotations

import numpy as np
import pytest

from synthda.adapt.order import WINDOW, Sampler, order, rows_per_window
from synthda.datasets.shards import BLOCK


@pytest.mark.parametrize("n", [1, 7, 256, 1000])
def test_an_epoch_holds_every_row_once(n: int) -> None:
    assert sorted(order(3, 0, 0, n)) == list(range(n))


def test_epochs_streams_and_seeds_have_orders_of_their_own() -> None:
    orders = [order(0, 0, 0, 500), order(0, 0, 1, 500), order(0, 1, 0, 500), order(1, 0, 0, 500)]
    assert len({tuple(rows) for rows in orders}) == 4


def test_a_window_reads_no_more_blocks_than_it_holds() -> None:
    rows = order(0, 0, 0, 3 * WINDOW)
    blocks = np.unique(rows[:WINDOW] // BLOCK)
    assert len(blocks) == WINDOW // BLOCK
    assert len(np.unique(rows[:BLOCK] // BLOCK)) > 32


def test_batches_run_through_the_epochs_without_a_gap() -> None:
    sampler = Sampler(0, 0, n=10, batch=4)
    drawn = np.concatenate([sampler.rows(step) for step in range(5)])
    assert sorted(drawn[:10]) == sorted(drawn[10:]) == list(range(10))


def test_a_batch_larger_than_the_domain_repeats_it() -> None:
    rows = Sampler(0, 0, n=3, batch=8).rows(0)
    assert len(rows) == 8
    assert set(rows) == {0, 1, 2}


def test_a_step_does_not_depend_on_the_steps_before() -> None:
    walked = Sampler(5, 1, n=100, batch=16)
    for step in range(20):
        before = walked.rows(step)
    assert np.array_equal(before, Sampler(5, 1, n=100, batch=16).rows(19))


@pytest.mark.parametrize(("side", "rows"), [(8, 16384), (52, 16384), (53, 15872), (64, 10880), (224, 888), (1024, 42)])
def test_a_window_takes_128_mib_at_most_whatever_the_size_of_an_image(side: int, rows: int) -> None:
    assert rows_per_window(side * side * 3) == rows
    assert rows * side * side * 3 <= 128 << 20


def test_small_images_and_small_domains_keep_the_order_that_runs_on_disk_have() -> None:
    for n, side in ((40_000, 28), (40_000, 52), (888, 224), (3_000, 64)):
        assert np.array_equal(order(5, 1, 2, n, side * side * 3), order(5, 1, 2, n))


def test_a_window_of_large_images_mixes_rows_from_many_places() -> None:
    rows = order(0, 0, 0, 20_000, 224 * 224 * 3)
    assert sorted(rows) == list(range(20_000))
    assert len(np.unique(rows[:888] // BLOCK)) > 60
    assert len(np.unique(rows[:888] // 4)) == 222  # chunks of four rows, each whole
