"""Two queues: disjoint, deterministic, and the first photographs of one are a random sample."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binomtest, kstest

from synthda.adapt.labelling.queues import gather, margin, measure_order, queue_of, teach_order
from synthda.errors import DataError

CONTENTS = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(2000)]


def both(seed: int, contents: list[str]) -> tuple[list[str], list[str]]:
    even = {content: np.array([0.5, 0.5], dtype=np.float32) for content in contents}
    return measure_order(seed, contents), teach_order(seed, even)


def test_no_photograph_is_in_both_queues_and_none_is_in_neither() -> None:
    for seed in range(5):
        measure, teach = both(seed, CONTENTS)
        assert not set(measure) & set(teach)
        assert sorted(measure + teach) == sorted(CONTENTS)
        assert binomtest(len(measure), len(CONTENTS)).pvalue > 1e-4


def test_queues_depend_on_seed_and_content_alone() -> None:
    assert both(0, CONTENTS) == both(0, CONTENTS[::-1])
    assert both(0, CONTENTS)[0] != both(1, CONTENTS)[0]
    fewer = measure_order(0, CONTENTS[:500])
    assert fewer == [content for content in measure_order(0, CONTENTS) if content in set(CONTENTS[:500])]


def test_the_queue_of_a_content_is_the_same_in_every_version() -> None:
    assert [queue_of(0, content) for content in CONTENTS[4:10]] == [
        "measure",
        "measure",
        "measure",
        "teach",
        "measure",
        "teach",
    ]


def test_the_first_photographs_that_measure_are_spread_evenly_over_the_folder() -> None:
    places = {content: place for place, content in enumerate(CONTENTS)}
    first = [places[content] / len(CONTENTS) for content in measure_order(0, CONTENTS)[:200]]
    assert kstest(first, "uniform").pvalue > 1e-3


def test_the_smallest_margin_is_taught_first() -> None:
    taught = [content for content in CONTENTS if queue_of(0, content) == "teach"][:3]
    sure, torn, unsure = ([0.9, 0.05, 0.05], [0.45, 0.45, 0.1], [0.5, 0.2, 0.3])
    given = dict(zip(taught, (np.array(p, dtype=np.float32) for p in (sure, torn, unsure)), strict=True))
    assert teach_order(0, given) == [taught[1], taught[2], taught[0]]
    assert [margin(p) for p in given.values()] == pytest.approx([0.85, 0, 0.2])


def test_copies_under_other_names_are_one_photograph(photos: Path) -> None:
    found, skipped = gather(photos)
    assert (len(found), skipped) == (24, ())
    copied = next(photograph for photograph in found.values() if len(photograph.names) > 1)
    assert copied.names == ("00.png", "more/copy of 00.png")
    (photos / "00.png").unlink()
    assert copied.find() == ("more/copy of 00.png", photos / "more" / "copy of 00.png")


def test_a_photograph_that_changes_is_no_longer_found(photos: Path) -> None:
    found = gather(photos)[0]
    photograph = next(one for one in found.values() if one.names == ("03.png",))
    content = (photos / "03.png").read_bytes()
    (photos / "03.png").write_bytes(content)  # written anew, the same
    assert photograph.find() is not None
    Image.new("RGB", (9, 9)).save(photos / "03.png")
    assert photograph.find() is None


def test_a_folder_without_photographs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no image in"):
        gather(tmp_path)
    with pytest.raises(DataError, match="There is no folder"):
        gather(tmp_path / "none")
    (tmp_path / "one.jpg").touch()
    with pytest.raises(DataError, match=r"one\.jpg is no folder; give a folder of photographs"):
        gather(tmp_path / "one.jpg")
