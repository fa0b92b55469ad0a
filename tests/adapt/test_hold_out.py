"""What is held out: a share of each class, never trained on, the same each time; and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from toy import domain

from synthda.adapt.data import ORACLE, Data
from synthda.adapt.hold_out import hold_out
from synthda.datasets.domain import ArrayImages, Domain, content_hashes, in_memory
from synthda.errors import DataError

CLASSES = ("left", "upper")


def of_counts(*counts: int, seed: int = 0, name: str = "toy") -> Domain:
    """So many images of each class, in that order."""
    plenty = domain(400, seed=seed, name=name)
    rows = np.concatenate([np.flatnonzero(plenty.labels == label)[:count] for label, count in enumerate(counts)])
    return plenty.rows(rows)


def data(*sources: Domain, **changes: Any) -> Data:
    return replace(Data(sources=sources, target=domain(target=True).images), **changes)


def test_a_tenth_of_each_class_is_held_out_and_kept_from_the_training() -> None:
    source = of_counts(100, 38)
    kept, held_out = hold_out(data(source), "dann", CLASSES, 0.1)
    assert held_out is not None
    assert np.bincount(held_out.labels).tolist() == [10, 4]
    assert np.bincount(kept.sources[0].labels).tolist() == [90, 34]
    parts = [set(content_hashes(part.images)) for part in (held_out, kept.sources[0])]
    assert not parts[0] & parts[1]
    assert parts[0] | parts[1] == set(content_hashes(source.images))


def test_a_share_of_nothing_changes_nothing() -> None:
    given = data(of_counts(5, 1))
    assert hold_out(given, "dann", CLASSES, 0) == (given, None)


def test_the_choice_is_a_function_of_the_seed() -> None:
    first, again, other = (
        hold_out(data(of_counts(50, 50)), "dann", CLASSES, 0.2, seed=seed)[0].identity("dann") for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_of_equal_counts_each_source_has_rows_of_its_own_held_out() -> None:
    sources = of_counts(50, 50), of_counts(50, 50, seed=1)
    _, held_out = hold_out(data(*sources), "dann", CLASSES, 0.2)
    assert held_out is not None
    held = set(content_hashes(held_out.images))
    first, second = ([content in held for content in content_hashes(source.images)] for source in sources)
    assert sum(first) == sum(second) == 20
    assert first != second


def test_labels_of_several_sources_are_counted_by_the_models_classes() -> None:
    turned = of_counts(30, 20, seed=1)
    turned = replace(turned, classes=("upper", "left"))
    kept, held_out = hold_out(data(of_counts(10, 10), turned), "dann", CLASSES, 0.1)
    assert held_out is not None
    assert np.bincount(held_out.labels).tolist() == [1 + 2, 1 + 3]
    assert [len(source) for source in kept.sources] == [18, 45]


def test_at_least_one_image_of_a_small_class_is_held_out_and_one_is_left() -> None:
    kept, held_out = hold_out(data(of_counts(2, 3)), "dann", CLASSES, 0.1)
    assert held_out is not None
    assert np.bincount(held_out.labels).tolist() == [1, 1]
    assert np.bincount(kept.sources[0].labels).tolist() == [1, 2]


def test_a_class_with_a_single_image_is_refused_unless_another_source_has_more() -> None:
    with pytest.raises(
        DataError, match="No image can be held out of upper: a source has a single image of it"
    ) as caught:
        hold_out(data(of_counts(20, 1)), "dann", CLASSES, 0.1)
    assert "\n" not in str(caught.value)
    kept, held_out = hold_out(data(of_counts(20, 1), of_counts(5, 5, seed=1)), "dann", CLASSES, 0.1)
    assert held_out is not None
    assert np.bincount(held_out.labels).tolist() == [3, 1]
    assert np.bincount(kept.sources[0].labels).tolist() == [18, 1]


def test_a_class_without_an_image_is_no_obstacle() -> None:
    source = replace(of_counts(20, 20), classes=("left", "upper", "right"))
    _, held_out = hold_out(data(source), "dann", ("left", "upper", "right"), 0.1)
    assert held_out is not None
    assert held_out.classes == ("left", "upper", "right")


def test_of_the_oracle_the_labelled_target_is_divided() -> None:
    given = data(of_counts(20, 20), oracle=of_counts(30, 30, seed=2))
    kept, held_out = hold_out(given, ORACLE, CLASSES, 0.1)
    assert held_out is not None
    assert len(held_out) == 6
    assert kept.sources == given.sources
    assert kept.oracle is not None
    assert len(kept.oracle) == 54


def test_labelled_target_photographs_stay_in_the_training() -> None:
    few = of_counts(3, 3, seed=2)
    kept, held_out = hold_out(data(of_counts(20, 20), labelled_target=few), "dann", CLASSES, 0.1)
    assert kept.labelled_target is few
    assert held_out is not None
    assert len(held_out) == 4


def test_copies_of_what_is_held_out_are_not_trained_on() -> None:
    """The same picture in two class folders, or in two sources, would be known by heart."""
    once, twice = of_counts(10, 10), of_counts(10, 10)
    kept, held_out = hold_out(data(once, twice), "dann", CLASSES, 0.1)
    assert held_out is not None
    known = {content for source in kept.sources for content in content_hashes(source.images)}
    assert not known & set(content_hashes(held_out.images))
    assert known | set(content_hashes(held_out.images)) == set(content_hashes(once.images))


def test_a_class_of_copies_alone_cannot_be_held_out() -> None:
    source = of_counts(10, 2)
    images = in_memory(source.images)
    images[11] = images[10]
    with pytest.raises(DataError, match="All images of upper are copies of one that is held out"):
        hold_out(data(replace(source, images=ArrayImages(images))), "dann", CLASSES, 0.1)


def test_labelled_target_photographs_that_are_held_out_of_the_source_are_left_out() -> None:
    source = of_counts(20, 20)
    kept, held_out = hold_out(data(source, labelled_target=source), "dann", CLASSES, 0.05)
    assert held_out is not None
    assert kept.labelled_target is not None
    assert len(held_out) == 2
    assert len(kept.labelled_target) == 38
    with pytest.raises(DataError, match="All images of --labelled-target are copies of some that are held out"):
        hold_out(data(source, labelled_target=held_out), "dann", CLASSES, 0.05)


@pytest.mark.parametrize("few", [None, 6])
def test_the_oracle_may_have_no_other_photographs_than_the_labelled_target(few: int | None) -> None:
    labelled = of_counts(20, 20, seed=3)
    own = data(of_counts(5, 5), labelled_target=labelled if few is None else labelled.rows(np.arange(few)))
    given = own if few is None else replace(own, oracle=labelled)
    kept, held_out = hold_out(given, ORACLE, CLASSES, 0.1)
    assert held_out is not None
    assert len(held_out) == 4
    assert kept.oracle is not None
    assert len(kept.oracle) == 36


def test_images_are_read_once_however_often_some_are_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    given = data(of_counts(20, 20))
    source = given.sources[0].images
    for seed in range(3):
        hold_out(given, "dann", CLASSES, 0.1, seed=seed)
        with monkeypatch.context() as patched:
            patched.setattr("synthda.datasets.domain.each_content", lambda images: pytest.fail("hashed once more"))
            content_hashes(source)


def test_the_same_division_is_made_once_for_the_oracle_and_once_for_the_others() -> None:
    own = data(of_counts(20, 20))
    given = replace(own, oracle=own.sources[0])
    divided = [hold_out(given, method, CLASSES, 0.1, seed=1) for method in ("dann", ORACLE, "mcc", ORACLE)]
    assert divided[0] is divided[2]
    assert divided[1] is divided[3]
    assert hold_out(given, "dann", CLASSES, 0.1, seed=2)[0].sources is not divided[0][0].sources
