"""What the charts of scores and curves draw."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from synthda.adapt.answers import Answers
from synthda.adapt.report import charts
from synthda.adapt.report.content import Result
from synthda.adapt.report.svg import ACCENT, FAINT, WARNING


def points(line: Any) -> list[list[float]]:
    return np.round(line.get_xydata(), 6).tolist()


def test_a_score_is_a_bar_with_its_interval_and_the_run_s_own_has_the_colour(figures: list[Figure]) -> None:
    rows = [Result("source-only", 0.5, (0.4, 0.6), 100), Result("dann", 0.75, (0.7, 0.8), 100)]
    told = charts.scores("scores", rows, "dann")
    (axes,) = figures[0].axes
    assert [bar.get_width() for bar in axes.patches] == [50, 75]
    hexadecimal = [
        f"#{''.join(f'{round(255 * part):02x}' for part in bar.get_facecolor()[:3])}" for bar in axes.patches
    ]
    assert hexadecimal == [FAINT, ACCENT]
    assert [points(line) for line in axes.lines[1::2]] == [[[40, 0], [60, 0]], [[70, 1], [80, 1]]]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["source-only", "dann"]
    assert "source-only 50.0 percent; dann 75.0 percent" in told


def test_of_many_classes_those_are_drawn_whose_shares_differ_most_in_their_order(figures: list[Figure]) -> None:
    predicted = {f"class {number}": 0.02 for number in range(40)}
    source = predicted | {"class 33": 0.0, "class 35": 0.1}
    charts.balance(predicted | {"class 39": 0.3}, source)
    (axes,) = figures[0].axes
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert len(names) == charts.MOST_CLASSES
    assert names == sorted(names, key=lambda name: int(name.split()[1]))
    assert {"class 33", "class 35", "class 39"} <= set(names)
    marks = dict(zip(names, axes.lines[-1].get_xdata(), strict=True))
    assert (marks["class 33"], marks["class 35"], marks["class 39"]) == (0, 10, 2)
    bars = dict(zip(names, (bar.get_width() for bar in axes.patches), strict=True))
    assert (bars["class 33"], bars["class 35"], bars["class 39"]) == (2, 2, 30)


def test_the_chosen_checkpoint_is_the_large_dot_and_the_line_through_the_curves(figures: list[Figure]) -> None:
    charts.candidates(
        [{"step": 10, "score": -3.0}, {"step": 20, "score": -1.0}, {"step": 30, "score": -2.0}], 20, "snd"
    )
    every, best = figures[0].axes[0].lines
    assert points(every) == [[10, -3], [20, -1], [30, -2]]
    assert points(best) == [[20, -1]]
    entries = [{"step": 10, "label": 2.0}, {"step": 20, "label": 1.0}, {"step": 30, "label": float("nan")}]
    told = charts.curves(entries, ["label"], 20)
    curve, chosen = figures[1].axes[0].lines
    assert points(curve) == [[10, 2], [20, 1]]
    assert (chosen.get_color(), list(chosen.get_xdata())) == (WARNING, [20, 20])
    assert told.endswith("at its end: label 1.")


def test_certainty_is_told_in_shares_of_the_photographs(figures: list[Figure]) -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.55])
    told = charts.certainty(Answers(np.zeros(4, np.int64), confidence, np.full(4, 0.25), np.full(4, -1)), 4)
    left, right = figures[0].axes
    assert sum(bar.get_height() for bar in left.patches) == sum(bar.get_height() for bar in right.patches) == 1
    assert max(bar.get_height() for bar in left.patches) == 0.75
    assert list(left.lines[0].get_xdata()) == [0.25, 0.25]  # a guess among four
    assert "mean confidence 0.85, 75 percent above 0.9; mean entropy 0.25 nats" in told


def test_recalls_of_a_run_stand_at_their_classes_and_what_is_not_known_nowhere(figures: list[Figure]) -> None:
    charts.recalls([("a", {"apple": 0.5, "plum": 1.0, "pear": None})], ("apple", "pear", "plum"))
    (axes,) = figures[0].axes
    assert points(axes.lines[0]) == [[50, 0], [100, 2]]
