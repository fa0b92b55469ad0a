"""From domains to a scored ONNX file: trained once, scored after training only, exported as it was scored."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from toy import blueprint, domain

from synthda.adapt import adaptation
from synthda.adapt.adaptation import adapt, export_run
from synthda.adapt.baselines import compare, run_baselines
from synthda.adapt.configuration import labelled_in
from synthda.adapt.data import FLOOR, ORACLE, Data
from synthda.adapt.methods.dann import DANN
from synthda.adapt.predict import Classifier
from synthda.adapt.run import Run
from synthda.adapt.selection import Selection
from synthda.adapt.train import Pace
from synthda.adapt.trained import load_run
from synthda.datasets.domain import ArrayImages, Domain
from synthda.datasets.lock import alone_in
from synthda.errors import DataError, RunError, SettingError
from synthda.manifest import LOCK, write_json

PLAN = blueprint(steps=3)


def data(**changes: Any) -> Data:
    made = Data(
        sources=(domain(),),
        target=domain(target=True).images,
        evaluation=domain(40, seed=5, target=True, name="held out"),
        target_name="dusk",
    )
    return replace(made, **changes)


@pytest.fixture
def no_export(monkeypatch: pytest.MonkeyPatch) -> None:
    parity = {"images": 256, "different_classes": 0, "largest_difference": 0.0, "tolerance": 1e-4}
    monkeypatch.setattr(adaptation, "export_onnx", lambda *given, **facts: parity)


def never(*arguments: object, **options: object) -> None:
    raise AssertionError("this was done already")


def test_an_adaptation_leaves_a_whole_run(tmp_path: Path) -> None:
    manifest = adapt(PLAN, data(), Run(tmp_path))
    written = {"run.json", "checkpoints", "metrics.jsonl", "evaluation.json", "sample.npy", "model.onnx", "parity.json"}
    written |= {"MODEL_CARD.md", "answers.npz", "learnt.npy"}
    assert set(os.listdir(tmp_path)) - {"tensorboard"} == written
    results = manifest["results"]
    assert results["checkpoint"] == "last"
    assert results["evaluation"]["n"] == 40
    assert results["evaluation"]["data"] == "held out"
    assert results["parity"]["images"] >= 256
    assert manifest["configuration"]["data"]["target"]["name"] == "dusk"
    assert json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8")) == results["evaluation"]
    classifier = Classifier(Run(tmp_path).onnx)
    right = classifier.of_domain(domain(40, seed=5, target=True).images).argmax(axis=1)
    assert (right == domain(40, seed=5, target=True).labels).mean() == pytest.approx(results["evaluation"]["accuracy"])
    assert classifier.metadata["manifest"] == manifest["fingerprint"]
    assert (classifier.metadata["checkpoint"], classifier.metadata["step"]) == ("last", "3")
    blueprint_again, method = load_run(Run(tmp_path))
    assert blueprint_again == PLAN
    assert not method.training


@pytest.mark.usefixtures("no_export")
def test_a_finished_run_is_scored_again_and_not_trained_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = adapt(PLAN, data(), Run(tmp_path))
    checkpoint = Run(tmp_path).checkpoint.read_bytes()
    monkeypatch.setattr(adaptation, "train", never)
    assert adapt(PLAN, data(), Run(tmp_path))["results"] == first["results"]
    other = domain(30, seed=6, target=True, name="other")
    assert adapt(PLAN, data(evaluation=other), Run(tmp_path))["results"]["evaluation"]["data"] == "other"
    assert Run(tmp_path).checkpoint.read_bytes() == checkpoint


@pytest.mark.usefixtures("no_export")
def test_a_folder_in_which_another_process_trains_is_refused(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    with alone_in(run.folder), pytest.raises(DataError, match="Another process is writing to"):
        adapt(blueprint(steps=1), data(), run)
    assert not run.begun
    adapt(blueprint(steps=1), data(), run)
    assert run.finished
    assert not (run.folder / LOCK).exists()


def test_a_finished_run_keeps_its_score_when_it_is_asked_for_none(tmp_path: Path) -> None:
    first = adapt(PLAN, data(), Run(tmp_path))
    assert adapt(PLAN, data(evaluation=None), Run(tmp_path), export=False)["results"] == first["results"]


class Guarded(ArrayImages):
    """Images that may be read only when `unlocked` is set."""

    unlocked = False

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        assert Guarded.unlocked, "evaluation images were read before the training had ended"
        return super().read(rows)


def test_evaluation_is_read_after_training_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = domain(40, seed=5, target=True)
    assert isinstance(plain.images, ArrayImages)
    guarded = Domain(Guarded(plain.images.array), plain.labels, plain.classes)
    steps: list[float] = []
    real = adaptation.results_of

    def results(*given: Any, **more: Any) -> Any:
        assert steps == [1, 2, 3]
        monkeypatch.setattr(Guarded, "unlocked", True)
        return real(*given, **more)

    monkeypatch.setattr(adaptation, "results_of", results)
    pace = Pace(log_every=1, on_log=lambda entry: steps.append(entry["step"]))
    adapt(PLAN, data(evaluation=guarded), Run(tmp_path), export=False, pace=pace)
    assert Guarded.unlocked


def test_classes_that_do_not_fit_are_told_before_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adaptation, "train", never)
    stranger = replace(domain(), classes=("left", "lower"), name="strangers")
    with pytest.raises(DataError, match=r"strangers has classes that the model does not know \(lower\)"):
        adapt(PLAN, data(evaluation=stranger), Run(tmp_path / "run"))
    with pytest.raises(DataError, match="does not know"):
        adapt(PLAN, data(sources=(stranger,)), Run(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_other_images_or_labels_are_another_run(tmp_path: Path) -> None:
    adapt(PLAN, data(), Run(tmp_path), export=False)
    source = domain()
    for changed in (domain(seed=1), replace(source, labels=1 - source.labels)):
        with pytest.raises(RunError, match="holds a run with other data;"):
            adapt(PLAN, data(sources=(changed,)), Run(tmp_path), export=False)
    with pytest.raises(RunError, match="holds a run with seed 0 instead of 1;"):
        adapt(replace(PLAN, seed=1), data(), Run(tmp_path), export=False)
    assert adapt(replace(PLAN, seed=1), data(), Run(tmp_path), export=False, force=True)


def test_a_run_whose_export_failed_is_not_finished_and_goes_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object, **facts: object) -> None:
        raise RunError("The exported model disagrees.")

    with monkeypatch.context() as patched:
        patched.setattr(adaptation, "export_onnx", fail)
        with pytest.raises(RunError, match="disagrees"):
            adapt(PLAN, data(), Run(tmp_path))
    assert not Run(tmp_path).finished
    steps: list[float] = []
    adapt(PLAN, data(), Run(tmp_path), export=False, pace=Pace(on_log=lambda entry: steps.append(entry["step"])))
    assert steps == []
    assert Run(tmp_path).finished


def test_an_export_of_a_run_with_a_damaged_sample_is_refused(tmp_path: Path) -> None:
    run = Run(tmp_path)
    adapt(PLAN, data(), run, export=False)
    run.sample.unlink(missing_ok=True)
    with pytest.raises(RunError, match=r"sample\.npy is missing"):
        export_run(run)
    np.save(run.sample, np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(RunError, match=r"sample\.npy is damaged"):
        export_run(run)
    run.sample.write_bytes(b"\x93NUMPY")
    with pytest.raises(RunError, match=r"sample\.npy is damaged"):
        export_run(run)
    assert not run.onnx.exists()


@pytest.mark.parametrize(
    "content",
    [
        {"format": 1},
        {"format": 1, "kind": "run", "configuration": {"blueprint": {}}, "fingerprint": ""},
        {"format": 1, "kind": "run", "configuration": None},
        {"format": 1, "kind": "run", "configuration": {"blueprint": PLAN.as_dict()}},
    ],
    ids=["foreign", "empty blueprint", "no configuration", "no fingerprint"],
)
def test_a_folder_that_holds_no_run_of_ours_cannot_be_loaded(tmp_path: Path, content: dict[str, Any]) -> None:
    write_json(tmp_path / "run.json", content)
    with pytest.raises(RunError) as caught:
        load_run(Run(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_source_free_method_starts_from_a_given_run_without_any_source(tmp_path: Path) -> None:
    first, run = Run(tmp_path / "first"), Run(tmp_path / "run")
    adapt(blueprint("source-only", steps=3), data(), first, export=False)
    plan, alone = blueprint("shot", steps=3), data(sources=())
    manifest = adapt(plan, alone, run, start=first, export=False)
    assert manifest["configuration"]["start"] == first.read()["fingerprint"]
    assert manifest["configuration"]["data"]["sources"] == []
    assert not run.first.folder.exists()
    (_, trained), (_, method) = load_run(first), load_run(run)
    kept, learnt = trained.network.label_predictor.state_dict(), method.network.label_predictor.state_dict()
    assert all(torch.equal(kept[name], learnt[name]) for name in kept)
    assert compare(run, alone)["proxy_a_distance"] == {"before": None, "after": None}
    with pytest.raises(RunError, match="another run in --start"):
        adapt(plan, data(sources=()), run, export=False)


def test_a_run_that_learnt_from_what_is_held_out_is_no_start(tmp_path: Path) -> None:
    """It would be asked about images that it knows by heart."""
    held = Selection(hold_out=0.2)
    plain, same = Run(tmp_path / "plain"), Run(tmp_path / "same")
    adapt(blueprint("source-only", steps=3), data(), plain, export=False)
    adapt(blueprint("source-only", steps=3), data(), same, export=False, select=held)
    plan, run = blueprint("iw-dann", steps=3), Run(tmp_path / "run")
    with pytest.raises(SettingError, match="learnt from source images that are held out here"):
        adapt(plan, data(), run, start=plain, export=False, select=held)
    assert not run.folder.exists()
    assert "estimated_accuracy" in adapt(plan, data(), run, start=same, export=False, select=held)["results"]


def test_the_same_run_with_another_checkpoint_chosen_is_another_start(tmp_path: Path) -> None:
    first, run = Run(tmp_path / "first"), Run(tmp_path / "run")
    trained, plan = blueprint("source-only", steps=10), blueprint("shot", steps=2)
    adapt(trained, data(), first, export=False)
    adapt(plan, data(sources=()), run, start=first, export=False)
    adapt(trained, data(), first, export=False, force=True, select=Selection("entropy", candidates=3))
    with pytest.raises(RunError, match="another run in --start"):
        adapt(plan, data(sources=()), run, start=first, export=False)


def test_a_batch_too_small_for_its_sources_is_told_before_the_folder_is_claimed(tmp_path: Path) -> None:
    two = data(sources=(domain(), domain(seed=1)))
    with pytest.raises(SettingError, match="source_batch=1 is too small"):
        adapt(blueprint(steps=3, source_batch=1), two, Run(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("method", "first"), [("shot", "source-only"), ("dirt-t", "vada"), ("adabn", "source-only")])
def test_without_source_and_finished_run_a_source_free_method_names_both(
    method: str, first: str, tmp_path: Path
) -> None:
    sentence = f"{method} starts from a run of {first}; give a finished one with --start, or labelled source images"
    with pytest.raises(DataError, match=sentence):
        adapt(blueprint(method, steps=3), data(sources=()), Run(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("method", "first"), [("shot", "source-only"), ("dirt-t", "vada"), ("adabn", "source-only")])
def test_labels_of_the_target_that_nothing_would_learn_are_refused(method: str, first: str, tmp_path: Path) -> None:
    plan, earlier, run = blueprint(method, steps=1), Run(tmp_path / "earlier"), Run(tmp_path / "run")
    trained = replace(plan, method=first, method_settings={})
    adapt(replace(trained, method_settings=dict(plan.build().start_settings)), data(), earlier, export=False)
    few = data(labelled_target=domain(8, seed=3, target=True))
    with pytest.raises(SettingError, match=f"{method} learns from no labels; leave out --labelled-target, or give it"):
        adapt(plan, few, run, start=earlier, export=False)
    assert not run.folder.exists()
    assert adapt(plan, data(), run, start=earlier, export=False)


def test_labels_of_the_target_train_the_run_that_a_source_free_method_starts_from(tmp_path: Path) -> None:
    few, run = data(labelled_target=domain(8, seed=3, target=True, name="few")), Run(tmp_path)
    adapt(blueprint("shot", steps=1), few, run, export=False)
    learnt = labelled_in(run.first.read()["configuration"]["data"])
    assert [domain["name"] for domain in learnt] == ["toy", "few"]


def test_a_first_run_that_is_there_needs_no_source(tmp_path: Path) -> None:
    first = Run(tmp_path / "first")
    adapt(blueprint("source-only", steps=3), data(evaluation=None), first, export=False)
    plan = replace(blueprint("shot", steps=3), classes=data().classes)
    manifest = adapt(plan, data(sources=()), Run(tmp_path / "run"), first=first, export=False)
    assert manifest["results"]["steps"] == 3
    with pytest.raises(DataError, match="give a finished one with --start"):
        adapt(plan, data(sources=()), Run(tmp_path / "other"), export=False)


def test_a_first_run_that_would_be_discarded_is_none_to_start_from(tmp_path: Path) -> None:
    plan, run = replace(blueprint("shot", steps=1), classes=data().classes), Run(tmp_path)
    adapt(plan, data(), run, export=False)
    with pytest.raises(DataError, match="give a finished one with --start"):
        adapt(plan, data(sources=()), run, export=False, force=True)
    assert run.finished


@pytest.mark.parametrize("option", ["start", "begin"])
def test_photographs_whose_labels_an_earlier_run_has_learnt_do_not_evaluate(option: str, tmp_path: Path) -> None:
    earlier, run, labelled = Run(tmp_path / "earlier"), Run(tmp_path / "run"), domain(40, seed=5, target=True)
    adapt(blueprint("source-only", steps=3), data(sources=(labelled,), evaluation=None), earlier, export=False)
    plan = blueprint("shot" if option == "start" else "source-only", steps=3)
    given: dict[str, Any] = {option: earlier}
    with pytest.raises(SettingError, match=r"earlier has learnt from the labels of .*, which --eval names"):
        adapt(plan, data(), run, export=False, **given)
    assert not run.folder.exists()
    assert "evaluation" not in adapt(plan, data(evaluation=None), run, export=False, **given)["results"]


@pytest.mark.parametrize("option", ["start", "begin"])
@pytest.mark.parametrize("out", ["run", "run/deeper/.."])
def test_force_never_discards_the_run_that_the_new_one_needs(option: str, out: str, tmp_path: Path) -> None:
    earlier = Run(tmp_path / "run" / "init")
    adapt(blueprint("source-only", steps=3), data(), earlier, export=False)
    (tmp_path / "run" / "deeper").mkdir()
    given: dict[str, Any] = {option: earlier}
    with pytest.raises(SettingError, match=r"--force would discard .*init, the run that --(start|from)"):
        adapt(blueprint("shot", steps=3), data(), Run(tmp_path / out), force=True, export=False, **given)
    assert earlier.finished


def test_classes_of_the_oracle_that_do_not_fit_are_told_before_the_training(tmp_path: Path) -> None:
    other = replace(domain(target=True), classes=("left", "lower"))
    with pytest.raises(DataError, match="classes that the model does not know"):
        adapt(PLAN, data(oracle=other), Run(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_run_that_cannot_be_started_from_is_refused(tmp_path: Path) -> None:
    first, run = Run(tmp_path / "first"), Run(tmp_path / "run")
    adapt(PLAN, data(), first, export=False)
    with pytest.raises(SettingError, match="dann does not start from a finished run; leave out --start"):
        adapt(PLAN, data(), run, start=first)
    with pytest.raises(SettingError, match="is a run of dann, and shot starts from source-only"):
        adapt(blueprint("shot"), data(), run, start=first)
    with pytest.raises(SettingError, match="has another network settings"):
        adapt(blueprint("adabn", after="dann"), data(), run, start=first)
    (first.manifest).rename(first.partial_manifest)
    with pytest.raises(SettingError, match="is not finished"):
        adapt(blueprint("shot"), data(), run, start=first)
    assert not run.folder.exists()


def test_a_method_that_learns_from_the_source_needs_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="dann learns from labelled source images too; give them with --source"):
        adapt(PLAN, data(sources=()), Run(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_baselines_stand_beside_the_run_and_the_gap_is_told(tmp_path: Path) -> None:
    given, run = data(oracle=domain(seed=8, target=True)), Run(tmp_path)
    adapt(PLAN, given, run, export=False)
    alone = compare(run, given)
    assert (alone["source-only"], alone["oracle"], alone["gap_closed"]) == (None, None, None)
    assert alone["proxy_a_distance"]["before"] is None
    run_baselines(PLAN, given, run)
    compared = compare(run, given)
    assert all(0 <= compared[name] <= 1 for name in ("source-only", "adapted", "oracle"))
    assert 0 <= compared["proxy_a_distance"]["before"] <= 2
    floor, oracle = (load_run(run.baseline(name))[0] for name in (FLOOR, ORACLE))
    assert (floor.method, oracle.method) == (FLOOR, ORACLE)
    assert floor.recipe == oracle.recipe == PLAN.recipe
    assert floor.seed == oracle.seed == PLAN.seed
    read = run.baseline(ORACLE).read()["configuration"]["data"]
    assert read == given.identity(ORACLE)
    assert "target" not in read


def test_accuracies_on_other_images_close_no_gap(tmp_path: Path) -> None:
    oracle, run = domain(seed=8, target=True), Run(tmp_path)
    adapt(PLAN, data(oracle=oracle), run, export=False)
    run_baselines(PLAN, data(oracle=oracle), run)
    other = data(oracle=oracle, evaluation=domain(20, seed=9, target=True))
    adapt(PLAN, other, run, export=False)
    compared = compare(run, other)
    assert compared["adapted"] is not None
    assert compared["source-only"] is compared["oracle"] is compared["gap_closed"] is None


def test_an_oracle_is_its_own_and_is_not_trained_beside_itself(tmp_path: Path) -> None:
    given, run, plan = data(oracle=domain(seed=8, target=True)), Run(tmp_path), replace(PLAN, method=ORACLE)
    adapt(plan, given, run, export=False)
    run_baselines(plan, given, run)
    assert run.baseline(FLOOR).finished
    assert not run.baseline(ORACLE).finished


def test_a_score_beside_another_target_is_not_kept_with_a_run_that_learnt_from_none(tmp_path: Path) -> None:
    plan, run = replace(PLAN, method=FLOOR, method_settings={}), Run(tmp_path)
    assert "evaluation" in adapt(plan, data(), run, export=False)["results"]
    assert "evaluation" in adapt(plan, data(evaluation=None), run, export=False)["results"]
    other = data(evaluation=None, target=domain(30, seed=4, target=True).images)
    assert "evaluation" not in adapt(plan, other, run, export=False)["results"]


def test_what_a_changed_method_has_trained_before_is_another_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapt(PLAN, data(), Run(tmp_path), export=False)
    monkeypatch.setattr(DANN, "revision", DANN.revision + 1)
    with pytest.raises(RunError, match="holds a run with a method that has changed since"):
        adapt(PLAN, data(), Run(tmp_path), export=False)


def test_a_labelled_target_is_known_as_one_and_not_as_a_source() -> None:
    few = domain(6, seed=3, target=True, name="few")
    as_few, as_source = data(labelled_target=few), data(sources=(*data().sources, few))
    assert as_few.identity("dann") != as_source.identity("dann")


def test_without_labelled_target_photographs_the_oracle_is_not_run(tmp_path: Path) -> None:
    adapt(PLAN, data(), Run(tmp_path), export=False)
    run_baselines(PLAN, data(), Run(tmp_path))
    assert Run(tmp_path).baseline(FLOOR).finished
    assert not Run(tmp_path).baseline(ORACLE).finished
    assert compare(Run(tmp_path), data())["gap_closed"] is None
