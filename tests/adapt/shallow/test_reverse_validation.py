"""Reverse validation sees no label of the target, keeps its held-out rows out, and finds what helps."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from shallow_problems import turned

from synthda.adapt.shallow.dann import ShallowNetwork
from synthda.adapt.shallow.estimator import Labels, Rows, Shallow
from synthda.adapt.shallow.none import NoAdaptation
from synthda.adapt.shallow.reverse_validation import Problem, check_grid, combinations, reverse_risk, select
from synthda.adapt.shallow.sa import SubspaceAlignment
from synthda.errors import SettingError

Call = tuple[Rows, Labels, Rows, Shallow, Shallow | None]


class Recorder(Shallow):
    """Says what it was fitted on, itself and from where; labels rows by the sign of their first feature, or turned."""

    def __init__(self, sign: int, calls: list[Call]) -> None:
        self.sign, self.calls = sign, calls
        self.start: Shallow | None = None

    def begin_from(self, trained: Shallow) -> None:
        self.start = trained

    def fit(self, source: Rows, labels: Labels, target: Rows) -> Recorder:
        self.calls.append((source, labels, target, self, self.start))
        return self

    def predict(self, rows: Rows) -> Labels:
        return np.sign(self.sign * rows[:, 0]).astype(int)


def never(*given: object) -> None:
    raise AssertionError("something was trained")


def line() -> Problem:
    places = np.concatenate([-np.arange(1.0, 11), np.arange(1.0, 11)])[:, None]
    return Problem(places, np.sign(places[:, 0]).astype(int), places + 0.5)


def test_the_way_there_and_back_trains_on_the_rest_and_scores_the_held_out_rows() -> None:
    problem, calls = line(), list[Call]()
    assert reverse_risk(lambda: Recorder(1, calls), problem) == 0
    assert reverse_risk(lambda: Recorder(-1, []), problem) == 1
    (there, back) = calls
    assert len(there[0]) == 18
    np.testing.assert_array_equal(there[2], problem.target)
    np.testing.assert_array_equal(back[0], problem.target)
    np.testing.assert_array_equal(back[1], np.sign(problem.target[:, 0]))
    np.testing.assert_array_equal(back[2], there[0])
    assert there[4] is None
    assert back[4] is there[3] is not back[3]


def test_a_problem_has_no_place_for_labels_of_the_target() -> None:
    assert set(inspect.signature(Problem).parameters) == {"source", "labels", "target"}


def test_where_the_target_gets_one_class_the_risk_is_the_share_of_the_others() -> None:
    problem = line()
    above = Problem(problem.source, problem.labels, np.abs(problem.target))
    risks = [reverse_risk(lambda: Recorder(1, []), above, held_out=0.5, seed=seed) for seed in range(20)]
    assert np.mean(risks) == pytest.approx(0.5, abs=0.1)


def test_all_combinations_are_tried_and_the_first_of_the_best_is_chosen() -> None:
    grid = {"sign": [-1, 1], "other": ["a", "b"]}
    assert [list(settings.values()) for settings in combinations(grid)] == [[-1, "a"], [-1, "b"], [1, "a"], [1, "b"]]
    found = select(lambda settings: Recorder(settings["sign"], []), line(), grid, splits=2)
    assert found.settings == {"sign": 1, "other": "a"}
    assert [risk for _, risk in found.risks] == [1, 1, 0, 0]


def test_it_prefers_alignment_where_the_source_s_classifier_fails() -> None:
    domains = turned()
    problem = Problem(domains.source, domains.labels, domains.target)
    aligned, plain = (reverse_risk(build, problem) for build in (lambda: SubspaceAlignment(dimensions=2), NoAdaptation))
    assert aligned < plain


def test_what_does_not_suit_nine_tenths_of_the_rows_is_named() -> None:
    rows = np.random.default_rng(0).normal(size=(20, 30))
    problem = Problem(rows, np.arange(20) % 2, rows + 0.1)
    with pytest.raises(SettingError, match=r"of dimensions=18, which learns from nine tenths .* on 18 source"):
        select(lambda settings: SubspaceAlignment(**settings), problem, {"dimensions": [5, 18]})


def test_a_grid_is_refused_before_its_first_combination_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SubspaceAlignment, "fit", never)
    rows = np.random.default_rng(0).normal(size=(20, 30))
    problem = Problem(rows, np.arange(20) % 2, rows + 0.1)
    with pytest.raises(SettingError, match="Reverse validation of dimensions=18"):
        select(lambda settings: SubspaceAlignment(**settings), problem, {"dimensions": [5, 18]})


def test_what_breaks_down_in_a_training_is_named_too() -> None:
    problem = line()
    with (
        pytest.raises(SettingError, match=r"Reverse validation of learning_rate=1e\+300.*Training broke down"),
        np.errstate(all="ignore"),
    ):
        select(lambda settings: ShallowNetwork(**settings), problem, {"learning_rate": [0.1, 1e300]})


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(SettingError, match="give at least 3"):
        reverse_risk(NoAdaptation, Problem(np.eye(2), np.arange(2), np.eye(2)))
    with pytest.raises(SettingError, match=r"^Reverse validation holds back source rows, and 2 are too few"):
        check_grid(lambda _: NoAdaptation(), (2, 5), (9, 5), {"c": [1.0, 2.0]})
