"""Targets with other classes than the sources: `unknown` by a threshold or as a class of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch
from toy import CLASSES, SETTINGS, blueprint, domain

from synthda.adapt.adaptation import adapt
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.data import Data
from synthda.adapt.infer import features_and_probabilities, probabilities
from synthda.adapt.predict import Classifier
from synthda.adapt.run import Run
from synthda.adapt.selection.mask_rate import mask_rate
from synthda.adapt.selection.validation import Probe
from synthda.adapt.trained import load_run
from synthda.datasets.domain import Domain, labels_by_name
from synthda.errors import DataError, SettingError


def plan(method: str, unknown_below: float | None = None, **more: str) -> Blueprint:
    given = MappingProxyType({**SETTINGS, **more})
    size = (16, 16)
    return Blueprint.of(
        method, "conv-small", CLASSES, given=given, input_size=size, steps=3, unknown_below=unknown_below
    )


def foreign(n: int = 12) -> Domain:
    """Images of which the last class is none of the sources'."""
    made = domain(n, target=True)
    labels = np.arange(n) % 3
    return replace(made, labels=labels, classes=(*CLASSES, "neither"))


def test_where_no_class_has_more_than_the_threshold_the_answer_is_unknown() -> None:
    method = plan("source-only", 0.6).build().eval()
    logits = torch.tensor([[2.0, 0.0], [0.1, 0.0], [0.0, 0.5]])  # .88, .525, .62
    method.predict = lambda images: logits  # type: ignore[method-assign]
    chances = method.chances(torch.zeros(3, 3, 16, 16))
    assert chances.argmax(dim=1).tolist() == [0, 2, 1]
    torch.testing.assert_close(chances.sum(dim=1), torch.ones(3))
    torch.testing.assert_close(chances[:, 2], torch.full((3,), 0.6 / 1.6))


def test_the_network_learns_the_known_classes_alone() -> None:
    threshold, learnt = plan("dann", 0.6), plan("osbp")
    assert threshold.classes == learnt.classes == (*CLASSES, "unknown")
    assert threshold.known_classes == CLASSES
    assert (threshold.build().network.classes, learnt.build().network.classes) == (2, 3)


def test_classes_that_a_model_lacks_count_as_unknown_only_where_it_knows_that_word() -> None:
    assert labels_by_name(foreign(3), (*CLASSES, "unknown")).tolist() == [0, 1, 2]
    with pytest.raises(DataError, match="neither"):
        labels_by_name(foreign(3), CLASSES)


@pytest.mark.parametrize("chosen", [plan("dann", 0.6), plan("osbp")], ids=["threshold", "class"])
def test_a_run_scores_exports_and_predicts_unknown(chosen: Blueprint, tmp_path: Path) -> None:
    run = Run(tmp_path)
    data = Data(sources=(domain(),), target=domain(target=True).images, evaluation=foreign())
    results = adapt(chosen, data, run)["results"]
    assert set(results["evaluation"]["recall"]) == {*CLASSES, "unknown"}
    classifier = Classifier(run.onnx)
    assert classifier.classes == (*CLASSES, "unknown")
    loaded, method = load_run(run)
    assert loaded == chosen
    np.testing.assert_allclose(classifier.of_domain(data.target), probabilities(method, data.target), atol=1e-4)
    features, chances = features_and_probabilities(method, data.target)
    assert (features.shape[1], chances.shape[1]) == (method.network.feature_dim, method.network.classes)


def test_a_threshold_does_not_hide_from_the_rules_how_sure_the_network_is() -> None:
    """Beside a threshold of .6 no probability is above 1 / 1.6: no image would ever count for mask-rate."""
    method = plan("source-only", 0.6).build()
    method.predict = lambda images: torch.tensor([[9.0, 0.0]]).expand(len(images), 2)  # type: ignore[method-assign]
    validation = Probe.of(domain(target=True).images, None).by(method)
    assert mask_rate(validation) == 1
    np.testing.assert_allclose(validation.probabilities_t.sum(axis=1), 1, rtol=1e-6)


def test_a_run_without_unknown_is_known_by_the_same_configuration_as_before() -> None:
    assert "unknown_below" not in blueprint("dann").as_dict()
    assert plan("dann", 0.6).as_dict()["unknown_below"] == 0.6


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (lambda: plan("dann", 1.0), "give a probability"),
        (lambda: plan("osbp", 0.5), "learns the class unknown itself"),
        (lambda: plan("dann", 0.5).for_classes(("a", "unknown")), "has a class 'unknown'"),
    ],
)
def test_what_has_no_meaning_is_refused(refused: object, said: str) -> None:
    assert callable(refused)
    with pytest.raises(SettingError, match=said):
        refused()


def test_a_run_tells_how_often_each_class_is_predicted_on_the_target(tmp_path: Path) -> None:
    data = Data(sources=(domain(),), target=domain(40, target=True).images)
    run = Run(tmp_path)
    shares = adapt(plan("dann", 0.6), data, run, export=False)["results"]["predicted_shares"]
    predicted = probabilities(load_run(run)[1], data.target).argmax(axis=1)
    assert list(shares) == [*CLASSES, "unknown"]
    np.testing.assert_allclose(list(shares.values()), np.bincount(predicted, minlength=3) / 40, atol=1e-4)
