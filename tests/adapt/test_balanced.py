"""Balanced batches: each class equally often, each row of a class once a pass, a pure function of the step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy import blueprint, domain

from synthda.adapt.balanced import BalancedSampler
from synthda.adapt.feed import Feed
from synthda.adapt.recipe import Recipe

LABELS = np.repeat([0, 1, 3], [90, 9, 1])  # none of class 2


@pytest.mark.parametrize("batch", [3, 7, 32])
def test_a_batch_has_every_class_equally_often_or_once_more(batch: int) -> None:
    sampler = BalancedSampler(0, 1, LABELS, batch)
    for step in range(40):
        counts = np.bincount(LABELS[sampler.rows(step)], minlength=4)[[0, 1, 3]]
        assert counts.max() - counts.min() <= 1
    drawn = LABELS[np.concatenate([sampler.rows(step) for step in range(3 * 40)])]
    assert np.bincount(drawn)[[0, 1, 3]].tolist() == [batch * 40] * 3


def test_a_class_is_seen_whole_before_any_row_of_it_comes_again() -> None:
    drawn = np.concatenate([BalancedSampler(2, 0, LABELS, 9).rows(step) for step in range(60)])
    middle = drawn[LABELS[drawn] == 1]
    for first in range(0, len(middle), 9):  # three turns a batch: a pass is three batches
        assert sorted(middle[first : first + 9]) == list(range(90, 99))
    batches = np.sort(middle.reshape(-1, 3, 3))  # passes, batches of a pass, rows in whatever order
    assert len(np.unique(batches, axis=0)) > 10
    assert len(set(drawn[LABELS[drawn] == 0][:90])) == 90


def test_a_step_does_not_depend_on_the_steps_before() -> None:
    walked = BalancedSampler(5, 1, LABELS, 16)
    for step in range(20):
        before = walked.rows(step)
    np.testing.assert_array_equal(before, BalancedSampler(5, 1, LABELS, 16).rows(19))
    np.testing.assert_array_equal(walked.rows(3), BalancedSampler(5, 1, LABELS, 16).rows(3))


def test_seeds_and_streams_have_orders_of_their_own() -> None:
    drawn = [BalancedSampler(seed, stream, LABELS, 30).rows(0) for seed, stream in ((0, 0), (0, 1), (1, 0))]
    assert len({tuple(rows) for rows in drawn}) == 3


def test_the_parts_of_several_processes_are_the_batch_and_mixed() -> None:
    labels = np.repeat([0, 1], 50)
    whole, parts = BalancedSampler(0, 0, labels, 32), [slice(rank, None, 2) for rank in (0, 1)]
    own = [BalancedSampler(0, 0, labels, 32, part) for part in parts]
    shares = []
    for step in range(20):
        for sampler, part in zip(own, parts, strict=True):
            np.testing.assert_array_equal(sampler.rows(step), whole.rows(step)[part])
            shares.append(labels[sampler.rows(step)].mean())
    assert 0.2 < min(shares) < max(shares) < 0.8  # every second place of a batch in turns would be one class


def test_passes_count_rows_as_those_of_the_plain_order_do() -> None:
    assert [BalancedSampler(0, 0, LABELS, 30).passes(step) for step in (-1, 0, 3, 4, 7)] == [-1, 0, 0, 1, 2]


def test_the_recipe_s_setting_reaches_every_source_and_no_target() -> None:
    plan = blueprint("dann", balanced=True)
    source = domain(60)
    few = source.rows(np.concatenate([np.flatnonzero(source.labels == 0), np.flatnonzero(source.labels == 1)[:3]]))
    for balanced, least in ((True, 8), (False, 0)):
        recipe = replace(plan.recipe, balanced=balanced)
        feed = Feed(plan.build(), [few], domain(target=True).images, recipe, 0, torch.device("cpu"))
        counts = [int((feed.batch(step).source_labels == 1).sum()) for step in range(6)]
        assert (min(counts) == max(counts) == least) if balanced else max(counts) < 6
        assert type(feed.target.sampler).__name__ == "Sampler"  # type: ignore[union-attr]


def test_runs_that_do_not_ask_for_it_are_known_by_the_configuration_that_they_had() -> None:
    assert "balanced" not in Recipe().as_dict()
    assert Recipe(**Recipe(balanced=True).as_dict()) == Recipe(balanced=True)
