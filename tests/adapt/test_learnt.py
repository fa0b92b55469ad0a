"""What a run has learnt is known image by image, over all runs that it goes on from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_adaptation import data
from toy import blueprint, domain

from synthda.adapt.adaptation import adapt
from synthda.adapt.data import Data
from synthda.adapt.learnt import read_learnt, write_learnt
from synthda.adapt.run import Run
from synthda.adapt.selection import Selection
from synthda.datasets.domain import content_hashes, joined
from synthda.errors import RunError, SettingError

PLAN = blueprint("source-only", steps=2)


def test_the_hashes_are_those_of_the_images_and_of_what_the_earlier_run_has_learnt(tmp_path: Path) -> None:
    first, second = Run(tmp_path / "first"), Run(tmp_path / "second")
    write_learnt(first, [domain(6)], None)
    write_learnt(second, [domain(5, seed=1), domain(4, seed=2)], first)
    assert read_learnt(first) == set(content_hashes(domain(6).images))
    expected = [content_hashes(each.images) for each in (domain(6), domain(5, seed=1), domain(4, seed=2))]
    assert read_learnt(second) == set().union(*expected)
    assert read_learnt(Run(tmp_path / "none")) == set()


def test_a_damaged_file_is_called_that(tmp_path: Path) -> None:
    run = Run(tmp_path)
    np.save(run.learnt, np.zeros((3, 5), np.uint8))
    with pytest.raises(RunError, match="is damaged"):
        read_learnt(run)


def test_what_is_held_out_is_not_learnt(tmp_path: Path) -> None:
    run = Run(tmp_path)
    adapt(PLAN, data(evaluation=None), run, export=False, select=Selection(hold_out=0.2))
    assert 0 < len(read_learnt(run)) < len(set(content_hashes(domain().images)))


def test_photographs_some_of_which_were_learnt_do_not_evaluate(tmp_path: Path) -> None:
    few = domain(12, seed=7, target=True)
    adapt(PLAN, data(evaluation=None, labelled_target=few), Run(tmp_path / "a"), export=False)
    adapt(PLAN, data(evaluation=None), Run(tmp_path / "b"), begin=Run(tmp_path / "a"), export=False)
    more: Data = data(evaluation=joined([few, domain(8, seed=8, target=True)], few.classes, name="more"))
    with pytest.raises(SettingError, match="has learnt from the labels of 12 of the 20 images of more"):
        adapt(PLAN, more, Run(tmp_path / "c"), begin=Run(tmp_path / "b"), export=False)
