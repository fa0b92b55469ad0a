"""Calibrated rejection: temperature and threshold from held-out images, deployed in runs, scores and ONNX files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch
from scipy.special import softmax
from toy import CLASSES, SETTINGS, domain

from synthda.adapt import candidates
from synthda.adapt.adaptation import adapt
from synthda.adapt.baselines import run_baselines
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.data import ORACLE, Data
from synthda.adapt.evaluate import evaluate
from synthda.adapt.hold_out import hold_out
from synthda.adapt.infer import probabilities
from synthda.adapt.predict import Classifier
from synthda.adapt.rejection import Rejection, calibrate, calibrated
from synthda.adapt.results import _comparable
from synthda.adapt.run import Run
from synthda.adapt.selection import Selection
from synthda.adapt.trained import load_run
from synthda.errors import DataError, SettingError


def plan(method: str = "source-only", **more: object) -> Blueprint:
    settings = MappingProxyType({**SETTINGS})
    return Blueprint.of(
        method, "conv-small", CLASSES, given=settings, input_size=(16, 16), steps=3, calibrates_unknown=True, **more
    )


def data() -> Data:
    foreign = replace(domain(12, target=True), labels=np.arange(12) % 3, classes=(*CLASSES, "neither"))
    return Data(sources=(domain(40),), target=domain(target=True).images, evaluation=foreign)


def test_the_temperature_undoes_a_scale_of_calibrated_logits() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2, (20000, 4))
    labels = np.array([rng.choice(4, p=row) for row in softmax(honest, axis=1)])
    for scale in (0.5, 1.0, 5.0):
        found = calibrate((scale * honest).astype(np.float32), labels)
        assert found.temperature == pytest.approx(scale, rel=0.05)


def test_the_logit_of_unknown_is_reached_by_the_share_that_is_asked_for() -> None:
    logits = np.stack([np.linspace(0.1, 4, 100), np.zeros(100)], axis=1).astype(np.float32)
    found = calibrate(logits, np.zeros(100, np.int64), kept=0.9)
    largest = (logits / found.temperature).max(axis=1)
    assert found.kept == 0.9
    assert found.unknown_logit == pytest.approx(float(largest[10]))
    assert (largest < found.unknown_logit).sum() == 10


def test_there_is_nothing_to_calibrate_on_without_images() -> None:
    with pytest.raises(DataError, match="no held-out images"):
        calibrate(np.empty((0, 3), np.float32), np.empty(0, np.int64))


def test_a_method_deploys_the_temperature_and_the_logit_of_unknown() -> None:
    method = plan().build().eval()
    logits = torch.tensor([[4.0, 0.0], [1.0, 0.0], [1.0, -9.0]])
    method.predict = lambda images: logits  # type: ignore[method-assign]
    Rejection(2.0, 1.5, 0.95, 10).apply_to(method)
    chances = method.chances(torch.zeros(3, 3, 16, 16))
    beside = torch.tensor([[2.0, 0.0, 1.5], [0.5, 0.0, 1.5], [0.5, -4.5, 1.5]])
    torch.testing.assert_close(chances, beside.softmax(dim=1))
    assert chances.argmax(dim=1).tolist() == [0, 2, 2]  # the last is as unknown as the second, however sure between two


def test_until_it_is_calibrated_nothing_is_unknown() -> None:
    chances = plan().build().eval().chances(torch.rand(2, 3, 16, 16))
    assert chances[:, -1].tolist() == [0, 0]
    torch.testing.assert_close(chances.sum(dim=1), torch.ones(2))


def test_images_that_a_softmax_is_quite_sure_of_are_still_told_apart() -> None:
    logits = np.array([[60.0, 0], [40, 0], [30, 0], [20, 0]])  # the last two are foreign
    beside = softmax(np.concatenate([logits, np.full((4, 1), 1.0)], axis=1), axis=1).astype(np.float32)
    found = evaluate(beside, np.array([0, 0, 2, 2]), ("a", "b", "unknown"))
    assert found.unknown_auroc == 1


def test_images_that_are_all_far_from_every_class_are_still_told_apart() -> None:
    """Their probability of `unknown` is 1, rounded, and no threshold."""
    known = np.array([[5e-8, 0], [3e-9, 0], [1e-12, 0], [7e-14, 0]])  # the last two are foreign
    rounded = np.concatenate([known, 1 - known.sum(axis=1, keepdims=True)], axis=1).astype(np.float32)
    assert np.ptp(rounded[:, -1]) < 1e-6
    assert evaluate(rounded, np.array([0, 0, 2, 2]), ("a", "b", "unknown")).unknown_auroc == 1


def test_an_image_between_two_classes_is_none_of_no_class() -> None:
    """Its probability of `unknown` is the smaller one, though no single class is as probable as the other image's."""
    beside = np.array([[0.35, 0.35, 0.3], [0.6, 0.0, 0.4]], np.float32)  # the last one is foreign
    assert evaluate(beside, np.array([0, 2]), ("a", "b", "unknown")).unknown_auroc == 1


def test_area_under_the_curve_of_unknown_by_hand() -> None:
    """Of a threshold on the largest probability: that of `unknown` is the same of all images, but for rounding."""
    sure = np.array([0.9, 0.6, 0.8, 0.4], np.float32)  # the last two are foreign: three of four pairs in order
    known = np.stack([sure, (1 - sure) / 2, (1 - sure) / 2], axis=1)
    rounded = np.array([0.5, 0.5 + 1e-7, 0.5, 0.5 - 1e-7], np.float32)[:, None]
    probabilities_ = np.concatenate([known, rounded], axis=1) / 1.5
    found = evaluate(probabilities_, np.array([0, 1, 3, 3]), ("a", "b", "c", "unknown"))
    assert found.unknown_auroc == pytest.approx(0.75)
    assert evaluate(probabilities_[:2], np.array([0, 1]), ("a", "b", "c", "unknown")).unknown_auroc is None
    assert evaluate(probabilities_, np.array([0, 1, 3, 3]), ("a", "b", "c", "d")).unknown_auroc is None


def test_a_run_calibrates_scores_exports_and_loads_the_same_rejection(tmp_path: Path) -> None:
    run = Run(tmp_path)
    results = adapt(plan(), data(), run, select=Selection(hold_out=0.2))["results"]
    rejection = Rejection.read(run.rejection)
    assert results["rejection"] == rejection.as_dict()
    assert rejection.images == 8
    assert set(results["evaluation"]["recall"]) == {*CLASSES, "unknown"}
    assert results["evaluation"]["unknown_auroc"] is not None
    blueprint, method = load_run(run)
    assert blueprint == plan()
    assert (method.temperature, method.unknown_logit) == (rejection.temperature, rejection.unknown_logit)
    classifier = Classifier(run.onnx)
    np.testing.assert_allclose(classifier.of_domain(data().target), probabilities(method, data().target), atol=1e-4)


def test_the_deployed_checkpoint_is_the_one_whose_calibration_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter((1.0, 0.0))
    monkeypatch.setattr(candidates, "load_rule", lambda name: lambda validation: next(scores))
    run = Run(tmp_path)
    select = Selection("entropy", candidates=2, hold_out=0.2)
    results = adapt(plan(), data(), run, export=False, select=select)["results"]
    assert results["selection"]["step"] < results["steps"]
    _, held_out = hold_out(data(), "source-only", CLASSES, 0.2)
    assert held_out is not None
    assert calibrated(load_run(run, calibrated=False)[1], held_out).as_dict() == results["rejection"]
    _, method = load_run(run)
    assert method.unknown_logit == results["rejection"]["unknown_logit"]
    assert "evaluation_of_last" in results
    run.rejection.write_text('{"format": 1, "temperature": 1.0, "unknown_below": 0.5}')  # as an older synthda wrote it
    again = adapt(plan(), data(), run, export=False, select=select)["results"]
    assert again["rejection"] == results["rejection"] == Rejection.read(run.rejection).as_dict()


def test_the_accuracy_that_an_estimate_is_of_knows_of_no_unknown() -> None:
    scored = {"accuracy": 0.5, "known_accuracy": 0.75}
    assert _comparable(scored, plan()) == 0.75
    assert _comparable(scored, replace(plan(), calibrates_unknown=False)) == 0.5
    assert _comparable(scored, replace(plan(), method="osbp", calibrates_unknown=False)) is None


def test_a_run_that_is_gone_on_from_leaves_the_calibration_to_the_later_one(tmp_path: Path) -> None:
    run = Run(tmp_path)
    adapt(plan("shot"), data(), run, export=False, select=Selection(hold_out=0.2))
    first, _ = load_run(run.first)
    assert (first.classes, first.calibrates_unknown) == (CLASSES, False)
    assert not run.first.rejection.exists()
    assert Rejection.read(run.rejection).images == 8


def test_baselines_are_calibrated_each_on_images_of_its_own_training_data(tmp_path: Path) -> None:
    run, select = Run(tmp_path), Selection("entropy", candidates=2, hold_out=0.25)
    with_oracle = replace(data(), oracle=domain(80, seed=5, target=True))
    run_baselines(plan("dann"), with_oracle, run, select=select)
    found = {method: Rejection.read(run.baseline(method).rejection).images for method in ("source-only", ORACLE)}
    assert found == {"source-only": 10, ORACLE: 20}
    assert run.baseline("source-only").selection.exists()
    assert not run.baseline(ORACLE).selection.exists()  # its checkpoint is the last


def test_without_held_out_images_or_beside_another_threshold_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="held-out source images"):
        adapt(plan(), data(), Run(tmp_path / "run"))
    assert not (tmp_path / "run").exists()
    with pytest.raises(SettingError, match="leave out one of the two"):
        plan(unknown_below=0.5)
    with pytest.raises(SettingError, match="leave out --unknown"):
        plan("osbp")


def test_a_damaged_calibration_is_told(tmp_path: Path) -> None:
    run = Run(tmp_path)
    adapt(plan(), data(), run, export=False, select=Selection(hold_out=0.2))
    run.rejection.write_text('{"format": 1}')
    with pytest.raises(DataError, match="lacks 'temperature'"):
        load_run(run)
