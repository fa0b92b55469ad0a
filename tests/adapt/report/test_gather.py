"""What is asked of a trained run: every answer, the pictures, the features in the plane once, the factors that tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from toy import blueprint, domain

from synthda.adapt.adaptation import adapt
from synthda.adapt.answers import Answers
from synthda.adapt.baselines import run_baselines
from synthda.adapt.by_factor import ByFactor, Part
from synthda.adapt.data import Data
from synthda.adapt.distance import some_rows
from synthda.adapt.method import Method
from synthda.adapt.report import gather as module
from synthda.adapt.report.gather import gather, telling
from synthda.adapt.report.page import write_report
from synthda.adapt.report.pictures import Shown
from synthda.adapt.report.stored import read_stored
from synthda.adapt.run import Run
from synthda.datasets.domain import Domain
from synthda.manifest import write_json

PLAN = blueprint(steps=2)
DATA = Data(
    sources=(domain(24),),
    target=domain(20, target=True).images,
    evaluation=domain(16, seed=5, target=True, name="held out"),
    target_name="dusk",
    target_paths=tuple(f"{place}.png" for place in range(20)),
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = Run(tmp_path_factory.mktemp("run"))
    adapt(PLAN, DATA, run, export=False)
    gather(run, DATA)
    return run


def test_every_domain_is_asked_and_kept(trained: Run) -> None:
    stored = read_stored(trained)
    assert stored is not None
    assert stored.evaluation is not None
    assert len(stored.target.confidence) == 20
    assert stored.evaluation.right.mean() == pytest.approx(trained.read()["results"]["evaluation"]["accuracy"])
    assert (stored.target.label == -1).all(), "no label of the target is kept"
    assert stored.about["before"] == "untrained"
    assert sum(stored.about["source_shares"].values()) == pytest.approx(1)
    groups = {picture.group for picture in stored.pictures}
    assert {"confident", "doubtful", "source", "target"} <= groups
    assert all(picture.name.endswith(".png") for picture in stored.pictures if picture.group == "target")
    assert stored.embedding is not None
    assert stored.embedding.before.shape == stored.embedding.after.shape == (40, 2)
    assert stored.embedding.target.sum() == 16


def test_the_report_is_made_without_the_data_or_the_network(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: object) -> None:
        raise AssertionError("a rebuild reads the folder alone")

    monkeypatch.setattr(module, "laid_out", never)
    monkeypatch.setattr(module, "features", never)
    assert "held out" in write_report(trained).read_text(encoding="utf-8")


def test_what_the_training_has_asked_is_not_asked_again(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 40 photographs and 24 renderings, the 40 that are laid out pass the network, before and after."""
    passed: list[int] = []
    asked = Method.predict
    monkeypatch.setattr(Method, "predict", lambda method, x: passed.append(len(x)) or asked(method, x))
    gather(trained, replace(DATA, sources=()))
    assert not passed
    gather(trained, DATA)
    assert sum(passed) == 2 * 40


def test_equal_features_are_laid_out_once(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: object) -> None:
        raise AssertionError("these were laid out before")

    before = read_stored(trained)
    monkeypatch.setattr(module, "laid_out", never)
    gather(trained, DATA)
    after = read_stored(trained)
    assert before is not None
    assert before.embedding is not None
    assert after is not None
    assert after.embedding is not None
    assert np.array_equal(before.embedding.after, after.embedding.after)


def test_source_only_is_what_was_before_where_it_was_trained(tmp_path: Path) -> None:
    run, data = Run(tmp_path), replace(DATA, evaluation=None)
    adapt(PLAN, data, run, export=False)
    run_baselines(PLAN, data, run)
    gather(run, data)
    stored = read_stored(run)
    assert stored is not None
    assert stored.embedding is not None
    assert stored.about["before"] == "source-only"
    assert stored.about["placed"] == "target"
    assert stored.evaluation is None
    assert "mistakes" not in {picture.group for picture in stored.pictures}


def test_before_is_source_only_else_what_the_run_goes_on_from_else_what_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "load_run", lambda run: (SimpleNamespace(method="loaded"), run.folder))
    run, earlier = Run(tmp_path / "run"), Run(tmp_path / "earlier")
    for one in (earlier, run.first, run.baseline("source-only")):
        write_json(one.manifest, {"format": 1})
        assert module._before(run, PLAN, PLAN.build(), earlier) == (one.folder, "loaded")


def test_without_labels_a_placed_photograph_has_its_own_predicted_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_PLACED", 5)
    monkeypatch.setattr(module, "laid_out", lambda features: features[:, :2])
    predicted, none = np.random.default_rng(0).integers(2, size=20), np.full(20, -1)
    target = Shown(DATA.target, Answers(predicted, np.ones(20), np.zeros(20), none), np.arange(20), ("left", "upper"))
    given = (Run(tmp_path), PLAN, PLAN.build().eval(), replace(DATA, evaluation=None), target, None, "cpu")
    embedding, _ = module._embedding(*given)
    assert embedding is not None
    assert embedding.label[embedding.target].tolist() == predicted[some_rows(20, most=5)].tolist()


def test_the_shares_of_several_sources_are_those_of_all_their_labels() -> None:
    one = Domain(domain(4).images, np.array([0, 0, 1, -1]), ("left", "upper"))
    other = Domain(domain(4).images, np.array([0, 0, 0, 0]), ("upper",))
    assert module._shares((one, other), ("left", "upper")) == {"left": 0.28571, "upper": 0.71429}
    assert module._shares((), ("left", "upper")) == {}


def test_accuracy_is_split_by_the_factors_of_renderings(tmp_path: Path) -> None:
    held_out = domain(40, seed=5, target=True)
    scenes = np.zeros(40, dtype=[("label", "i8"), ("bright", "f4"), ("noise_seed", "i8")])
    right = np.arange(40) % 2
    scenes["bright"] = right
    answers = Answers.of(np.eye(2, dtype=np.float32)[np.where(right, held_out.labels, 1 - held_out.labels)],
                         held_out.labels)  # fmt: skip
    found = module._by_factors(replace(held_out, scenes=scenes), answers, {})
    assert [one.factor for one in found] == ["bright"], "labels and seeds are no factors"
    assert telling(found[0]) == pytest.approx(1)


def test_a_factor_that_splits_by_chance_tells_nothing() -> None:
    """Two halves of 50 with 25 and 25 right: nothing lies between them, and chance would put a little there."""
    part = Part("half", 50, 0.5, (0.4, 0.6))
    assert telling(ByFactor("blur", True, 100, 0.5, (part, part))) == pytest.approx(-1 / 98)


def test_all_right_answers_are_split_by_nothing(tmp_path: Path) -> None:
    part = Part("all", 10, 1.0, (0.7, 1.0))
    assert telling(ByFactor("blur", True, 10, 1.0, (part,))) == 0.0


def test_a_source_free_run_is_gathered_without_a_picture_of_features(trained: Run, tmp_path: Path) -> None:
    gather(trained, replace(DATA, sources=()))
    stored = read_stored(trained)
    assert stored is not None
    assert stored.embedding is None
    assert "source" not in {picture.group for picture in stored.pictures}
    assert "health" in write_report(trained).read_text(encoding="utf-8")
    gather(trained, DATA)
