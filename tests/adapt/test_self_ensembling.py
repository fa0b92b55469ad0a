"""Self-ensembling: how the teacher follows, what it teaches, and that it is what is deployed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from gaps import turned_bars
from shown import colour_network
from torch import Tensor, nn
from toy import blueprint, train_toy

from synthda.adapt.method import Batch
from synthda.adapt.methods.self_ensembling import SelfEnsembling
from synthda.adapt.run import Run

P = torch.tensor(0.5)


def batch() -> Batch:
    images = torch.rand(14, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    zeros = torch.zeros(4).long()
    return Batch((images[:4],), torch.arange(4) % 2, zeros, zeros, (images[4:9], images[9:]), torch.zeros(5).long())


def method(**settings: float) -> SelfEnsembling:
    """Its teacher differs from it."""
    made = SelfEnsembling(colour_network(), **settings)
    with torch.no_grad():
        for parameter in made.teacher.parameters():
            parameter.mul_(3)
    return made


def test_the_student_learns_the_teachers_sure_predictions_on_its_own_view() -> None:
    made, given = method(consistency=2), batch()
    chances, taught = made.network(given.target[0]).softmax(1), made.teacher(given.target[1]).softmax(1)
    made.confidence = taught.amax(1).median().item()
    sure = taught.amax(1) > made.confidence
    terms = made.losses(given, P)
    assert terms["sure"].item() == pytest.approx(2 / 5)
    expected = 2 * (((chances - taught) ** 2).mean(1) * sure).sum() / 5
    assert terms["consistency"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_it_is_nothing_between_a_student_and_its_equal_on_one_view() -> None:
    made, given = SelfEnsembling(colour_network(), confidence=0), batch()
    apart, alike = made.losses(given, P), made.losses(replace(given, target=given.target[:1] * 2), P)
    assert alike["sure"].item() == 1
    assert alike["consistency"].item() == pytest.approx(0, abs=1e-12)
    assert apart["consistency"].item() > 0


def test_it_is_nothing_where_the_teacher_is_sure_of_nothing() -> None:
    made, given = method(), batch()
    made.confidence = made.teacher(given.target[1]).softmax(1).max().item()
    terms = made.losses(given, P)
    assert (terms["sure"].item(), terms["consistency"].item()) == (0, 0)
    made.confidence -= 1e-4
    assert made.losses(given, P)["consistency"].item() > 0


def test_the_teacher_is_the_moving_average_of_the_student_and_learns_nothing_else() -> None:
    made = method(ema=0.75)
    before = [parameter.clone() for parameter in made.teacher.parameters()]

    def descend(loss: Tensor, *names: str) -> None:
        loss.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            for parameter in made.network.parameters():
                parameter.add_(1)

    made.step(batch(), P, descend)
    for old, new, student in zip(before, made.teacher.parameters(), made.network.parameters(), strict=True):
        torch.testing.assert_close(new, 0.75 * old + 0.25 * student)
        assert new.grad is None


def test_the_teachers_running_statistics_are_of_what_passes_through_itself() -> None:
    network, given = colour_network(), batch()
    network.feature_extractor.insert(2, nn.BatchNorm1d(16, momentum=0.25))
    made = SelfEnsembling(network).train()
    with torch.no_grad():
        for parameter in made.teacher.parameters():
            parameter.mul_(3)
        own = made.teacher.feature_extractor[:2](given.target[1] - made.teacher.mean)
    made.step(given, P, lambda loss, *names: None)
    norm = made.teacher.feature_extractor[2]
    torch.testing.assert_close(norm.running_mean, 0.25 * own.mean(dim=0))
    torch.testing.assert_close(norm.running_var, 0.75 + 0.25 * own.var(dim=0))


def test_the_teacher_predicts() -> None:
    made, images = method(), batch().source[0]
    torch.testing.assert_close(made.predict(images), made.teacher(images))


def test_teacher_and_student_are_told_the_same_normalisation(tmp_path: Path) -> None:
    trained = train_toy(blueprint("self-ensembling", steps=1), Run(tmp_path))
    assert isinstance(trained, SelfEnsembling)
    torch.testing.assert_close(trained.teacher.mean, trained.network.mean)
    torch.testing.assert_close(trained.teacher.std, trained.network.std)
    assert trained.network.mean.abs().sum() > 0


def test_what_views_leave_alone_is_carried_over_to_turned_bars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gap = turned_bars()
    plain, found = (gap.accuracies(name, tmp_path / name, orders=2) for name in ("source-only", "self-ensembling"))
    assert min(found) > max(plain) + 0.1
    monkeypatch.setattr(SelfEnsembling, "target_views", ("none", "none"))
    without = gap.accuracies("self-ensembling", tmp_path / "without", orders=2)
    assert min(found) > max(without) + 0.1
