"""The picture of `compare`: which images it shows, and what colours and markers tell of them."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray

from synthda.adapt.comparison.embedding import SOURCE, TARGET, Sample, _by_class, _by_domain
from synthda.adapt.data import Data
from synthda.datasets.domain import ArrayImages, Domain

CLASSES = ("cup", "pen")


def grey(levels: list[int], labels: list[int], classes: tuple[str, ...] = CLASSES) -> Domain:
    """Images of one level each, by which they are known again."""
    images = np.broadcast_to(np.array(levels, np.uint8)[:, None, None, None], (len(levels), 8, 8, 3))
    return Domain(ArrayImages(images.copy()), np.array(labels), classes)


def levels(sample: Sample) -> list[int]:
    return sample.images.array[:, 0, 0, 0].tolist()


def test_source_images_come_first_and_classes_are_matched_by_name() -> None:
    data = Data(
        sources=(grey([1, 2, 3], [0, 1, 0]),),
        target=grey([7], [0]).images,
        evaluation=grey([10, 11], [0, 1], ("pen", "cup")),
    )
    sample = Sample.of(data)
    assert levels(sample) == [1, 2, 3, 10, 11]
    assert sample.target.tolist() == [False, False, False, True, True]
    assert [sample.classes[label] for label in sample.labels] == ["cup", "pen", "cup", "pen", "cup"]


def test_several_sources_are_shown_alike_often_and_never_more_than_asked_for() -> None:
    sources = (grey(list(range(50)), [0] * 50), grey(list(range(100, 130)), [0] * 30, ("key",)))
    sample = Sample.of(Data(sources=sources, target=sources[0].images, evaluation=grey([200], [1])), most=20)
    shown = np.array(levels(sample))
    assert (shown < 100).sum() == 10
    assert ((shown >= 100) & (shown < 200)).sum() == 10
    assert [sample.classes[label] for label in sample.labels] == ["cup"] * 10 + ["key"] * 10 + ["pen"]


def test_what_the_sources_do_not_know_is_unknown() -> None:
    evaluation = grey([10, 11], [0, 2], ("cup", "pen", "bird"))
    sample = Sample.of(Data(sources=(grey([1], [0]),), target=evaluation.images, evaluation=evaluation))
    assert [sample.classes[label] for label in sample.labels] == ["cup", "cup", "unknown"]


def test_without_labels_the_target_is_shown_and_of_no_class() -> None:
    sample = Sample.of(Data(sources=(grey([1], [0]),), target=grey([7, 8], [0, 0]).images))
    assert levels(sample) == [1, 7, 8]
    assert sample.labels.tolist() == [0, -1, -1]


@pytest.fixture
def sample() -> Sample:
    target = np.array([False, False, True, True, True])
    return Sample(ArrayImages(np.zeros((5, 8, 8, 3), np.uint8)), target, np.array([0, 1, 0, 1, -1]), CLASSES)


PLACED: NDArray[np.float32] = np.arange(10, dtype=np.float32).reshape(5, 2)


def test_above_each_point_has_its_domain_s_colour(sample: Sample) -> None:
    axes = Figure().subplots()
    _by_domain(axes, PLACED, sample)
    of_source, of_target = axes.collections
    np.testing.assert_array_equal(of_source.get_offsets(), PLACED[:2])
    np.testing.assert_array_equal(of_target.get_offsets(), PLACED[2:])
    for points, colour in ((of_source, SOURCE), (of_target, TARGET)):
        red_green_blue = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        np.testing.assert_allclose(points.get_facecolor()[0][:3], red_green_blue)


def test_below_a_class_has_one_colour_in_both_domains_and_what_has_no_label_is_left_out(sample: Sample) -> None:
    axes = Figure().subplots()
    _by_class(axes, PLACED, sample)
    of_source, of_target = axes.collections
    np.testing.assert_array_equal(of_target.get_offsets(), PLACED[2:4])
    np.testing.assert_array_equal(of_source.get_facecolor(), of_target.get_edgecolor())
    assert not np.array_equal(of_source.get_facecolor()[0], of_source.get_facecolor()[1])
    assert {text.get_text() for text in axes.texts} == set(CLASSES)
