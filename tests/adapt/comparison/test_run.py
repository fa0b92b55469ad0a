"""A comparison trains each cell once, shares what cells start from, survives a failure, and goes on."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from toy import SETTINGS, domain, save_images

from synthda.adapt.adaptation import adapt
from synthda.adapt.comparison import scores as scores_module
from synthda.adapt.comparison.cells import Cell
from synthda.adapt.comparison.plan import Entry, Pair, Plan, RowError
from synthda.adapt.comparison.run import Comparison, _alike
from synthda.adapt.comparison.scores import Score, accuracies_by_rule, read_scores
from synthda.adapt.run import folder_name
from synthda.adapt.train import Pace
from synthda.datasets.domain import in_memory
from synthda.datasets.lock import alone_in
from synthda.errors import DataError, RunError, SettingError
from synthda.manifest import read_manifest, write_json


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("domains")
    for number, name in enumerate(("source", "target", "eval")):
        made = domain(24, seed=number, target=number > 0)
        for label, class_name in enumerate(made.classes):
            save_images(folder / name / class_name, in_memory(made.images)[made.labels == label])
    return Pair("toy", (str(folder / "source"),), str(folder / "target"), str(folder / "eval"))


def plan(pair: Pair, *entries: Entry, seeds: tuple[int, ...] = (0,)) -> Plan:
    return Plan((pair,), entries, seeds, steps=2, size=16, given=SETTINGS)


def run(comparison: Comparison) -> tuple[list[str], list[Score]]:
    """The names of the cells that were trained, and all scores."""
    trained: list[str] = []

    def pace(cell: Cell) -> Pace:
        trained.append(f"{cell.method}-{cell.seed}")
        return Pace()

    comparison.run(device="cpu", pace=pace, told=lambda score: None)
    return trained, comparison.scores


DANN, MCC = Entry("dann", "dann"), Entry("mcc", "mcc")


def test_what_exists_is_not_trained_again_and_a_longer_plan_trains_what_is_new(pair: Pair, tmp_path: Path) -> None:
    trained, first = run(Comparison(plan(pair, DANN), tmp_path))
    assert trained == ["source-only-0", "dann-0"]
    trained, again = run(Comparison(plan(pair, DANN), tmp_path))
    assert (trained, again) == ([], first)
    longer = Comparison(plan(pair, DANN, MCC, seeds=(0, 1)), tmp_path)
    assert len(longer.to_do) == 4
    trained, scores = run(longer)
    assert trained == ["mcc-0", "source-only-1", "dann-1", "mcc-1"]
    assert scores[:2] == first
    assert all(score.accuracy is not None for score in scores)


def test_what_is_known_stays_in_the_tables_while_a_new_cell_before_it_is_trained(pair: Pair, tmp_path: Path) -> None:
    run(Comparison(plan(pair, DANN), tmp_path))
    longer = Comparison(plan(pair, MCC, DANN), tmp_path)

    def interrupted(cell: Cell) -> Pace:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        longer.run(device="cpu", pace=interrupted, told=lambda score: None)
    assert Comparison(plan(pair, DANN), tmp_path).to_do == []
    assert ",dann,0," in (tmp_path / "comparison.csv").read_text(encoding="utf-8")


def test_other_settings_are_other_runs_in_the_same_folder(pair: Pair, tmp_path: Path) -> None:
    run(Comparison(plan(pair, DANN), tmp_path))
    changed = replace(plan(pair, DANN), given={**SETTINGS, "learning_rate": "0.02"})
    assert len(Comparison(changed, tmp_path).to_do) == 2
    assert run(Comparison(changed, tmp_path))[0] == ["source-only-0", "dann-0"]


def test_another_eval_scores_the_runs_anew_without_training_them(pair: Pair, tmp_path: Path) -> None:
    _, first = run(Comparison(plan(pair, DANN), tmp_path))
    weights = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("last.pt")}
    _, second = run(Comparison(plan(replace(pair, eval=pair.target), DANN), tmp_path))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("last.pt")} == weights
    assert [score.fingerprint for score in first] != [score.fingerprint for score in second]


def test_methods_that_start_from_source_only_start_from_the_row_of_it(pair: Pair, tmp_path: Path) -> None:
    comparison = Comparison(plan(pair, Entry("iw-dann", "iw-dann"), Entry("adda", "adda")), tmp_path)
    floor, *adapted = comparison.sides[0].cells
    assert [cell.first for cell in adapted] == [floor.run, floor.run]
    run(comparison)
    assert not list(tmp_path.rglob("init"))


def test_one_that_starts_from_a_run_of_no_row_trains_that_once(pair: Pair, tmp_path: Path) -> None:
    batch_norm = {"norm": "batch"}
    entries = [Entry("adabn", "adabn", given=batch_norm), Entry("again", "adabn", given=batch_norm)]
    run(Comparison(plan(pair, *entries), tmp_path))
    assert len(list(tmp_path.glob("toy/source-only-to-start-from/seed-0-*/run.json"))) == 1


def test_a_run_that_breaks_down_is_a_failed_cell_and_the_table_is_whole(pair: Pair, tmp_path: Path) -> None:
    broken = Entry("broken", "dann", given={"learning_rate": "1e30", "optimizer": "sgd"})
    comparison = Comparison(plan(pair, broken, MCC), tmp_path)
    _, scores = run(comparison)
    failures = {score.method: score.failure for score in scores}
    assert failures["broken"] is not None
    assert "stopped being finite" in failures["broken"]
    assert failures["mcc"] is None
    assert [row.method for row in comparison.rows()["toy"]][-1] == "broken"
    assert "stopped being finite" in (tmp_path / "comparison.md").read_text(encoding="utf-8")
    assert len(Comparison(plan(pair, broken, MCC), tmp_path).to_do) == 1  # it is tried again


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (Entry("adabn", "adabn"), "norm=batch"),
        (Entry("dan", "dan", given={"lambda_max": "3"}), "no setting 'lambda_max'"),
        (Entry("x", "dann+mcd"), "has no meaning"),
    ],
)
def test_a_method_that_cannot_serve_is_refused_before_any_training(
    entry: Entry, said: str, pair: Pair, tmp_path: Path
) -> None:
    with pytest.raises(SettingError, match=said):
        Comparison(plan(pair, DANN, entry), tmp_path)
    assert not list(tmp_path.iterdir())


def test_another_comparison_in_the_same_folder_at_the_same_time_is_refused(pair: Pair, tmp_path: Path) -> None:
    comparison = Comparison(plan(pair, DANN), tmp_path)
    with alone_in(tmp_path), pytest.raises(DataError, match="Another process is writing to"):
        run(comparison)
    assert not read_scores(tmp_path)


def test_what_another_comparison_has_scored_meanwhile_is_kept(pair: Pair, tmp_path: Path) -> None:
    first, second = (Comparison(plan(pair, entry), tmp_path) for entry in (DANN, MCC))
    run(first)
    trained, _ = run(second)
    assert trained == ["mcc-0"]
    assert not Comparison(plan(pair, DANN, MCC), tmp_path).to_do


def test_a_folder_among_the_photographs_is_refused_for_its_pictures_would_be_some(pair: Pair) -> None:
    for within in (pair.source[0], pair.target, pair.eval):
        with pytest.raises(DataError, match="give --out a place outside of it"):
            Comparison(plan(pair, DANN), Path(str(within)) / "runs")


def test_a_target_whose_name_is_no_utf_8_has_its_tables(pair: Pair, tmp_path: Path) -> None:
    named = replace(pair, name=os.fsdecode(b"bad\xff"))
    _, scores = run(Comparison(plan(named, DANN), tmp_path))
    assert len(scores) == 2
    assert (tmp_path / "comparison.md").exists()


def test_a_missing_domain_is_refused_before_any_training(pair: Pair, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        Comparison(plan(replace(pair, target=str(tmp_path / "none")), DANN), tmp_path)


def test_the_pictures_show_every_method_and_are_drawn_once(pair: Pair, tmp_path: Path) -> None:
    comparison = Comparison(plan(pair, DANN), tmp_path)
    run(comparison)
    pictures = comparison.draw()
    assert list(pictures) == ["toy"]
    (path,) = pictures["toy"]
    assert (tmp_path / path).read_bytes().startswith(b"\x89PNG")
    drawn = (tmp_path / path).stat().st_mtime_ns
    assert comparison.draw() == pictures
    assert (tmp_path / path).stat().st_mtime_ns == drawn
    comparison.write(pictures)
    assert path in (tmp_path / "comparison.html").read_text(encoding="utf-8")


def test_pictures_put_a_method_beside_source_only_around_the_same_network_alone(pair: Pair, tmp_path: Path) -> None:
    comparison = Comparison(plan(pair, DANN, Entry("wide", "dann", given={"width": "8"})), tmp_path)
    floor, dann, wide = comparison.cells
    assert _alike(floor, dann)
    assert not _alike(floor, wide)


def test_the_result_file_says_what_was_compared(pair: Pair, tmp_path: Path) -> None:
    run(Comparison(plan(pair, DANN), tmp_path))
    told = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert told["plan"]["pairs"][0]["name"] == "toy"
    assert len(told["cells"]) == 2
    assert told["provenance"]["versions"]["torch"]


@pytest.mark.parametrize("asked", [{"calibrates_unknown": True}, {"unknown_below": 0.6}])
def test_every_row_tells_images_of_no_class_where_unknown_is_asked_for(
    asked: dict[str, Any], pair: Pair, tmp_path: Path
) -> None:
    """`osbp`, which learns the class itself, stands beside the others."""
    others = tmp_path / "eval"
    shutil.copytree(pair.eval, others)
    some = sorted(others.iterdir())[0]
    some.rename(others / "something else")
    rows = (DANN, Entry("osbp", "osbp"), Entry("train-on-target", "train-on-target"))
    open_set = replace(pair, eval=str(others), oracle=pair.target)
    comparison = Comparison(replace(plan(open_set, *rows), **asked), tmp_path / "out")
    _, scores = run(comparison)
    assert [score.failure for score in scores] == [None] * 4
    assert all(score.unknown_auroc is not None and 0 <= score.unknown_auroc <= 1 for score in scores)
    calibrated = {cell.method: cell.run.rejection.exists() for cell in comparison.cells}
    asked_for = "calibrates_unknown" in asked
    assert calibrated == {"source-only": asked_for, "dann": asked_for, "osbp": False, "train-on-target": asked_for}


def test_a_threshold_is_given_or_calibrated_and_not_both(pair: Pair) -> None:
    with pytest.raises(SettingError, match="leave out one"):
        replace(plan(pair, DANN), calibrates_unknown=True, unknown_below=0.5)


def test_what_learns_unknown_is_refused_where_no_labels_would_score_it(pair: Pair, tmp_path: Path) -> None:
    osbp = Entry("open", "osbp")
    assert len(Comparison(plan(pair, osbp), tmp_path).cells) == 2
    with pytest.raises(RowError, match=r"Row open: osbp learns the class unknown, .* toy has no eval: give it one"):
        Comparison(plan(replace(pair, eval=None), osbp), tmp_path)


@pytest.mark.parametrize(("method", "estimate"), [("dann", 0.5), ("osbp", None)])
def test_what_learns_unknown_has_no_estimate_beside_those_of_the_others(
    method: str, estimate: float | None, pair: Pair, tmp_path: Path
) -> None:
    comparison = Comparison(plan(replace(pair, eval=None), DANN), tmp_path)
    data, cell = comparison.sides[0].data, comparison.cells[1]
    other = replace(cell, blueprint=comparison.plan.blueprint(Entry(method, method), data.classes, 0))
    assert scores_module._estimated(other, data, {"estimated_accuracy": {"value": 0.5}}) == estimate


def test_rules_choose_among_the_same_runs_and_only_the_bound_looks_at_labels(pair: Pair, tmp_path: Path) -> None:
    ruled = replace(plan(pair, DANN), steps=6, rules=("bnm", "source-accuracy"), candidates=3)
    comparison = Comparison(ruled, tmp_path)
    _, scores = run(comparison)
    for score in scores:
        assert set(score.by_rule) == {"bnm", "source-accuracy"}
        assert score.oracle_selected is not None
        assert score.accuracy is not None
        assert score.oracle_selected >= max(score.accuracy, *score.by_rule.values())
        assert score.estimated is not None
    kept = [path.stat().st_size for path in tmp_path.rglob("step-*.pt")]
    assert len(kept) == 2 * 2
    assert 0 < sum(kept) - comparison.bytes_of_candidates < 10_000 * len(kept)  # names and headers
    text = (tmp_path / "comparison.md").read_text(encoding="utf-8")
    assert "| method | last | bnm | source-accuracy | oracle-selected | last, estimated without labels |" in text
    assert run(Comparison(ruled, tmp_path)) == ([], scores)


def test_a_rule_has_the_accuracy_of_its_choice_and_the_bound_that_of_the_best(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accuracy, rules = {2: 0.5, 6: 0.9, 10: 0.7}, {"bnm": lambda step: -step, "entropy": lambda step: step}
    monkeypatch.setattr(scores_module, "candidate", lambda blueprint, run, step, device: step)
    monkeypatch.setattr(scores_module, "score", lambda step, *given: SimpleNamespace(accuracy=accuracy[step]))
    monkeypatch.setattr(scores_module, "load_rule", rules.__getitem__)
    ruled = replace(plan(pair, DANN), steps=10, rules=tuple(rules), candidates=3)
    comparison, probe = Comparison(ruled, tmp_path), SimpleNamespace(held_out=None, by=lambda step: step)
    found = accuracies_by_rule(comparison.cells[0], ruled, probe, comparison.sides[0].data)  # type: ignore[arg-type]
    assert found == ({"bnm": 0.5, "entropy": 0.7}, 0.9)


def test_the_bound_is_one_where_unknown_is_an_answer_too(pair: Pair, tmp_path: Path) -> None:
    ruled = replace(plan(pair, MCC), steps=8, rules=("bnm",), candidates=4, calibrates_unknown=True)
    for score in run(Comparison(ruled, tmp_path))[1]:
        assert score.oracle_selected is not None
        assert score.accuracy is not None
        assert score.oracle_selected >= max(score.accuracy, *score.by_rule.values())
        assert score.estimated is None  # of known classes alone, where the accuracy is not


def test_source_only_that_failed_once_is_trained_with_its_candidates_before_what_starts_from_it(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruled = replace(plan(pair, Entry("adda", "adda")), rules=("bnm",), candidates=2)
    with monkeypatch.context() as patched:
        failed = [True]

        def fails_once(*given: Any, **how: Any) -> Any:
            if failed and failed.pop():
                raise RunError("The disk was full.")
            return adapt(*given, **how)

        patched.setattr("synthda.adapt.comparison.scores.adapt", fails_once)
        _, scores = run(Comparison(ruled, tmp_path))
    assert [score.failure for score in scores] == ["The disk was full.", None]
    assert [score.failure for score in run(Comparison(ruled, tmp_path))[1]] == [None, None]


def test_rules_that_need_no_source_images_leave_the_weights_as_they_are(pair: Pair, tmp_path: Path) -> None:
    _, plain = run(Comparison(plan(pair, DANN), tmp_path / "plain"))
    _, ruled = run(Comparison(replace(plan(pair, DANN), rules=("bnm",), candidates=2), tmp_path / "ruled"))
    assert [score.accuracy for score in plain] == [score.accuracy for score in ruled]
    assert all(score.estimated is None for score in ruled)


def test_rules_added_later_have_candidates_to_choose_among(pair: Pair, tmp_path: Path) -> None:
    _, plain = run(Comparison(plan(pair, DANN), tmp_path))
    ruled = replace(plan(pair, DANN), rules=("bnm",), candidates=2)
    _, scores = run(Comparison(ruled, tmp_path))
    assert all(score.failure is None and score.by_rule for score in scores)
    assert [score.accuracy for score in scores] == [score.accuracy for score in plain]
    assert run(Comparison(plan(pair, DANN), tmp_path)) == ([], plain)  # the plain plan's scores are kept beside


class StoppedError(Exception):
    """As Ctrl-C would."""


def test_stopped_before_a_new_cell_has_ended_the_tables_keep_what_was_there(pair: Pair, tmp_path: Path) -> None:
    _, first = run(Comparison(plan(pair, DANN, seeds=(0, 1)), tmp_path))
    longer = Comparison(plan(pair, MCC, DANN, seeds=(0, 1)), tmp_path)

    def stop(cell: Cell) -> Pace:
        if cell.seed == 1:
            raise StoppedError
        return Pace()

    with pytest.raises(StoppedError):
        longer.run(device="cpu", pace=stop, told=lambda score: None)
    assert sum(score.method == "dann" for score in longer.scores) == 2
    assert "(2)" in (tmp_path / "comparison.md").read_text(encoding="utf-8")
    assert run(Comparison(plan(pair, DANN, seeds=(0, 1)), tmp_path)) == ([], first)


def test_another_target_measures_source_only_anew_for_its_features_are_compared_with_it(
    pair: Pair, tmp_path: Path
) -> None:
    run(Comparison(plan(pair, DANN), tmp_path))
    other = Comparison(plan(replace(pair, target=pair.source[0]), DANN), tmp_path)
    floor = other.sides[0].cells[0]
    assert floor.run.finished  # equal weights
    assert len(other.to_do) == 2
    _, scores = run(other)
    assert scores[0].proxy_a_distance == 0.0  # the source from itself


def test_a_renamed_row_has_a_run_of_its_own_and_a_picture(pair: Pair, tmp_path: Path) -> None:
    run(Comparison(plan(pair, DANN), tmp_path))
    renamed = Comparison(plan(pair, Entry("ganin", "dann")), tmp_path)
    run(renamed)
    assert renamed.sides[0].cells[1].run.finished
    assert len(renamed.draw()["toy"]) == 1


def test_a_picture_is_drawn_anew_when_the_source_only_beside_it_is_another(pair: Pair, tmp_path: Path) -> None:
    first = Comparison(plan(pair, DANN), tmp_path)
    run(first)
    smooth = Entry("source-only", "source-only", given={"label_smoothing": "0.2"})
    second = Comparison(plan(pair, smooth, DANN), tmp_path)
    run(second)
    assert first.draw() != second.draw()


def test_source_only_comes_first_wherever_it_is_named_so_that_others_start_from_it(pair: Pair, tmp_path: Path) -> None:
    comparison = Comparison(plan(pair, Entry("iw-dann", "iw-dann"), Entry("source-only", "source-only")), tmp_path)
    floor, adapted = comparison.sides[0].cells
    assert (floor.method, adapted.first) == ("source-only", floor.run)


@pytest.mark.parametrize("given", [{"source_domains": "3"}, {"source_batch": "1"}])
def test_sources_that_a_method_cannot_take_are_told_before_any_training(
    given: dict[str, str], pair: Pair, tmp_path: Path
) -> None:
    two = replace(pair, source=(pair.source[0], pair.source[0]))
    with pytest.raises(SettingError, match=next(iter(given))):
        Comparison(plan(two, Entry("told-apart", "dann", given=given)), tmp_path)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (torch.OutOfMemoryError("out of memory"), "more memory than this computer has free"),
        (SettingError("no such thing"), "no such"),
    ],
)
def test_a_cell_that_fails_in_any_expected_way_leaves_the_others_alone(
    error: Exception, told: str, pair: Pair, tmp_path: Path
) -> None:
    def pace(cell: Cell) -> Pace:
        def fail(entry: object) -> None:
            if cell.method == "dann":
                raise error

        return Pace(on_log=fail)

    comparison = Comparison(plan(pair, DANN, MCC), tmp_path)
    comparison.run(device="cpu", pace=pace, told=lambda score: None)
    first, failed, last = (score.failure for score in comparison.scores)
    assert first is last is None
    assert failed is not None
    assert told in failed


def test_pairs_share_the_domains_that_both_name(pair: Pair, tmp_path: Path) -> None:
    other = replace(pair, name="other", target=pair.eval)
    one, two = Comparison(replace(plan(pair, DANN), pairs=(pair, other)), tmp_path).sides
    assert one.data.sources[0].images is two.data.sources[0].images
    assert one.data.evaluation is two.data.evaluation


def test_an_unknown_rule_is_refused(pair: Pair) -> None:
    for rule in ("bmm", "last"):
        with pytest.raises(SettingError, match=f"no rule '{rule}'"):
            replace(plan(pair, DANN), rules=(rule,))


def test_a_row_s_own_steps_win_wherever_they_stand_and_two_of_them_are_refused(pair: Pair) -> None:
    own = Entry("own", "dann", given={"steps": "7"})
    steps = [
        replace(plan(pair, DANN, own), steps=2).blueprint(entry, ("a", "b"), 0).recipe.steps for entry in (DANN, own)
    ]
    assert steps == [2, 7]
    with pytest.raises(SettingError, match="Row own has steps=3 and steps=7 in set"):
        plan(pair, replace(own, steps=3))
    with pytest.raises(SettingError, match="The comparison has steps=2 and steps=5 in set"):
        replace(plan(pair, DANN), steps=2, given={"steps": "5"})
    with pytest.raises(SettingError, match="steps=-5 is out of range"):
        replace(plan(pair, DANN), steps=-5).blueprint(DANN, ("a", "b"), 0)


def test_a_view_of_every_row_is_not_given_to_a_method_with_views_of_its_own(pair: Pair) -> None:
    own = Entry("fixmatch", "fixmatch")
    both = replace(plan(pair, DANN, own), given={**SETTINGS, "target_view": "weak"})
    views = [both.blueprint(entry, ("a", "b"), 0).recipe.target_view for entry in (DANN, own)]
    assert views == ["weak", "none"]
    with pytest.raises(SettingError, match="Row fixmatch: fixmatch compares views of its own"):
        both.blueprint(replace(own, given={"target_view": "weak"}), ("a", "b"), 0)


def test_what_only_a_gpu_computes_is_refused_by_the_training_and_not_by_the_plan(pair: Pair, tmp_path: Path) -> None:
    asked = replace(plan(pair, DANN), given={**SETTINGS, "precision": "tf32"})
    assert [cell.method for cell in Comparison(asked, tmp_path).cells] == ["source-only", "dann"]


def test_long_names_have_folders_that_every_system_takes_and_differ() -> None:
    names = ["x" * 300, "x" * 299, "货" * 86, "digits"]
    folders = [folder_name(name) for name in names]
    assert len(set(folders)) == 4
    assert folders[3] == "digits"
    assert all(len(folder.encode()) < 120 for folder in folders)


@pytest.mark.parametrize("change", [{"interval": []}, {"accuracy": None}, {"interval": None}])
def test_a_result_file_without_its_scores_is_called_damaged(change: dict[str, Any], pair: Pair, tmp_path: Path) -> None:
    run(Comparison(plan(pair, DANN), tmp_path))
    path = tmp_path / "comparison.json"
    content = read_manifest(path)
    content["cells"][1] |= change
    write_json(path, content)
    with pytest.raises(RunError, match=r"is damaged .*; remove it, and the runs are scored anew"):
        read_scores(tmp_path)
