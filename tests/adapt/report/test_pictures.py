"""Which photographs are shown: the surest, the least sure, the worst, and never too many."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from synthda.adapt.answers import Answers
from synthda.adapt.report.pictures import (
    CONFIDENT,
    SIDE,
    Shown,
    confident,
    doubtful,
    mistakes,
    some_pictures,
    thumbnail,
)
from synthda.datasets.domain import ArrayImages


def answers(predicted: list[int], confidence: list[float], label: list[int] | None = None) -> Answers:
    known = np.array(label or [-1] * len(predicted))
    return Answers(np.array(predicted), np.array(confidence), np.zeros(len(predicted)), known)


def test_the_surest_come_first_class_after_class() -> None:
    assert confident(answers([1, 0, 1, 0], [0.6, 0.5, 0.9, 0.8])) == [3, 1, 2, 0]


def test_a_thousand_classes_do_not_fill_the_page() -> None:
    found = answers(list(range(1000)) * 3, [0.5] * 3000)
    assert len(confident(found)) <= CONFIDENT


def test_a_class_shows_at_most_eight() -> None:
    assert len(confident(answers([0] * 50, [0.5] * 50))) == 8


def test_of_very_many_classes_those_that_are_predicted_most_are_shown() -> None:
    predicted = [*range(300), *range(200, 300)]
    shown = confident(answers(predicted, [0.5] * 400))
    assert {predicted[place] for place in shown} == {*range(60), *range(200, 300)}


def test_the_least_sure_come_first() -> None:
    assert doubtful(answers([0, 0, 1], [0.9, 0.4, 0.6])) == [1, 2, 0]


def test_mistakes_are_wrong_and_labelled_the_surest_first() -> None:
    found = answers([0, 1, 0, 1], [0.99, 0.6, 0.7, 0.8], label=[0, 0, -1, 0])
    assert mistakes(found) == [3, 1]


def test_a_thumbnail_is_bounded_and_keeps_its_proportions() -> None:
    wide = Image.open(io.BytesIO(thumbnail(np.zeros((100, 400, 3), dtype=np.uint8))))
    assert (wide.format, wide.size) == ("JPEG", (SIDE, SIDE // 4))
    small = Image.open(io.BytesIO(thumbnail(np.zeros((16, 16, 3), dtype=np.uint8))))
    assert small.size == (16, 16)


def test_some_pictures_carry_the_names_of_their_files() -> None:
    images = ArrayImages(np.zeros((3, 8, 8, 3), dtype=np.uint8))
    found = list(some_pictures("source", images, ("a.png", "b.png", "c.png"), ("x", "y", "x")))
    assert sorted((one.name, one.label) for one in found) == [("a.png", "x"), ("b.png", "y"), ("c.png", "x")]
    assert [one.name for one in some_pictures("target", images, (), ())] == ["0", "1", "2"]


def test_a_photograph_has_its_own_name_and_the_classes_that_it_is_of_and_taken_for() -> None:
    images = ArrayImages(np.zeros((9, 8, 8, 3), dtype=np.uint8))
    found = answers([0, 1, 1], [0.9, 0.6, 0.7], label=[1, 0, -1])
    shown = Shown(images, found, np.array([2, 5, 8]), ("x", "y"), [f"{row}.png" for row in range(9)])
    captions = [(one.name, one.predicted, one.label, one.confidence) for one in shown.pictures("mistakes", [2, 0, 1])]
    assert captions == [("8.png", "y", "", 0.7), ("2.png", "x", "y", 0.9), ("5.png", "y", "x", 0.6)]
