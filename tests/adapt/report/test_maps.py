"""What the charts of every class and image draw where: rows and columns, domains, confidence and accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from synthda.adapt.answers import Answers
from synthda.adapt.report import maps
from synthda.adapt.report.stored import Embedding
from synthda.adapt.report.svg import ACCENT, FAINT

CLASSES = ("apple", "pear", "plum")


def points(line: Any) -> list[list[float]]:
    return np.round(line.get_xydata(), 6).tolist()


def test_a_confusion_has_true_classes_as_rows_in_shades_of_their_shares(figures: list[Figure]) -> None:
    told = maps.confusion([[6, 3, 1], [2, 8, 0], [0, 0, 0]], CLASSES)
    (axes,) = figures[0].axes
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("true", "predicted")
    opacity = axes.images[0].get_array()[..., 3]
    np.testing.assert_allclose(opacity, 0.75 * np.array([[0.6, 0.3, 0.1], [0.2, 0.8, 0], [0, 0, 0]]) / 0.8)
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {(0, 0): "6", (1, 0): "3", (2, 0): "1", (0, 1): "2", (1, 1): "8"}
    assert axes.get_title() == "strongest shade: 80 % of a row"
    assert "70.0 percent lie on its diagonal" in told


def test_the_plane_has_before_on_the_left_domains_above_and_classes_below(figures: list[Figure]) -> None:
    before = np.arange(10, dtype=np.float32).reshape(5, 2)
    target, label = np.array([False, False, True, True, True]), np.array([0, 1, 0, 1, -1])
    maps.plane(Embedding(before, before + 100, target, label, "k"), "source-only", CLASSES)
    for axes, placed, title in zip(
        figures[0].axes[:2], (before, before + 100), ("source-only", "adapted"), strict=True
    ):
        assert axes.get_title() == title
        found = {line.get_label(): (line.get_color(), points(line)) for line in axes.lines}
        assert found == {"source": (FAINT, placed[:2].tolist()), "target": (ACCENT, placed[2:].tolist())}
    first, second, _ = maps.palette(3)
    for axes, placed in zip(figures[0].axes[2:], (before, before + 100), strict=True):
        found = [(line.get_marker(), line.get_color(), *points(line)) for line in axes.lines]
        places = placed.tolist()
        assert found == [
            *(("o", first, places[0]), ("o", second, places[1])),
            *(("x", first, places[2]), ("x", second, places[3])),
        ]


def test_reliability_is_accuracy_over_confidence_of_what_has_a_label(figures: list[Figure]) -> None:
    confidence, label = np.array([0.98, 0.96, 0.35, 0.98]), np.array([0, 1, 0, -1])
    told = maps.reliability(Answers(np.zeros(4, np.int64), confidence, np.zeros(4), label))
    upper, lower = figures[0].axes
    (curve,) = (line for line in upper.lines if line.get_marker() == "o")
    assert points(curve) == [[0.35, 1], [0.97, 0.5]]
    assert told.endswith("by bin: 0.35 sure 1.00 right, 0.97 sure 0.50 right.")
    assert [bar.get_height() for bar in lower.patches if bar.get_height()] == pytest.approx([1 / 3, 2 / 3])


@pytest.mark.parametrize("numeric", [True, False])
def test_a_factor_has_its_parts_along_one_side_and_their_accuracies_along_the_other(
    figures: list[Figure], numeric: bool
) -> None:
    parts = [
        {"name": "Arial", "mean": 2.0, "n": 30, "accuracy": 0.9, "interval": (0.8, 0.95)},
        {"name": "Mono", "mean": 7.0, "n": 10, "accuracy": 0.5, "interval": (0.25, 0.75)},
    ]
    maps.factors([{"factor": "font", "numeric": numeric, "accuracy": 0.8, "parts": parts}])
    axes = figures[0].axes[0]
    (marks,) = (line for line in axes.lines if line.get_marker() == "o")
    spans = np.array(axes.collections[0].get_segments()).round(6).tolist()
    if numeric:
        assert points(marks) == [[2, 90], [7, 50]]
        assert spans == [[[2, 80], [2, 95]], [[7, 25], [7, 75]]]
    else:
        assert points(marks) == [[90, 0], [50, 1]]
        assert spans == [[[80, 0], [95, 0]], [[25, 1], [75, 1]]]
        assert [text.get_text() for text in axes.get_yticklabels()] == ["Arial", "Mono"]
    assert 80 in np.ravel(axes.lines[0].get_xydata()).round(6)
