"""DIRT-T: what a refinement minimises, when the teacher is renewed, and that it goes on from a VADA."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import rel_entr, softmax
from shown import accuracy_on_shifted_colours, batch, colour_network
from torch import Tensor
from toy import blueprint, domain

from synthda.adapt.adaptation import adapt
from synthda.adapt.additive import entropy
from synthda.adapt.data import Data
from synthda.adapt.methods.dirt_t import DIRTT
from synthda.adapt.methods.vada import VADA
from synthda.adapt.run import Run
from synthda.adapt.trained import load_run
from synthda.adapt.virtual_adversarial import virtual_adversarial_loss

P = torch.tensor(0.5)


def taught(**settings: float) -> DIRTT:
    """Its teacher and its average differ from it."""
    method = DIRTT(colour_network(), **settings)  # type: ignore[arg-type]
    with torch.no_grad():
        for factor, network in ((3, method.teacher), (2, method.average)):
            for parameter in network.parameters():
                parameter.mul_(factor)
    return method


def ascend(method: DIRTT) -> None:
    """An update that adds 1 to every weight."""

    def descend(loss: Tensor, *names: str) -> None:
        with torch.no_grad():
            for parameter in method.network.parameters():
                parameter.add_(1)

    method.step(batch(), P, descend)


def test_each_term_is_weighted_and_all_are_of_the_target() -> None:
    method, given = taught(teacher_weight=2, smooth_target=3, entropy_weight=4, radius=1), batch()
    torch.manual_seed(1)
    terms = method.losses(given, P)
    images, logits = given.target[0], method.network(given.target[0])
    teacher, student = (each(images).detach().numpy() for each in (method.teacher, method.network))
    divergence = rel_entr(softmax(teacher, axis=1), softmax(student, axis=1)).sum(1).mean()
    assert terms["teacher"].item() == pytest.approx(2 * divergence, rel=1e-4)
    torch.manual_seed(1)
    smooth = virtual_adversarial_loss(method.network, images, logits, 0.5)
    assert terms["smooth"].item() == pytest.approx(3 * smooth.item(), rel=1e-4)
    assert terms["entropy"].item() == pytest.approx(4 * entropy(logits.softmax(1)).mean().item(), rel=1e-5)
    given.source[0].zero_()
    torch.manual_seed(1)
    assert {name: term.item() for name, term in method.losses(given, P).items()} == {
        name: term.item() for name, term in terms.items()
    }


def test_a_student_that_equals_its_teacher_is_not_pulled() -> None:
    method = DIRTT(colour_network())
    assert method.losses(batch(), P)["teacher"].item() == pytest.approx(0, abs=1e-8)


def test_the_average_follows_the_network_and_becomes_the_teacher_after_each_interval() -> None:
    method = taught(ema=0.75, interval=2)
    network, average, teacher = (
        each.label_predictor[-1].bias for each in (method.network, method.average, method.teacher)
    )
    with torch.no_grad():
        average.fill_(0)
        teacher.fill_(-1)
        network.fill_(0)
    seen = []
    for _ in range(5):
        ascend(method)
        seen.append((average[0].item(), teacher[0].item()))
    averages = [0.25, 0.6875, 1.265625, 1.94921875, 2.7119140625]  # a ← .75 a + .25 n of n = 1, 2, 3, 4, 5
    np.testing.assert_allclose(seen, list(zip(averages, [-1, 0.6875, 0.6875, 1.94921875, 1.94921875], strict=True)))


def test_the_average_predicts_and_neither_it_nor_the_teacher_learns() -> None:
    method, images = taught().train(), batch().target[0]
    torch.testing.assert_close(method.predict(images), method.average(images))
    for still in (method.average, method.teacher):
        assert not any(parameter.requires_grad for parameter in still.parameters())
        assert not still.training


def test_it_goes_on_from_a_vada_that_is_trained_first(tmp_path: Path) -> None:
    data = Data(sources=(domain(),), target=domain(target=True).unlabelled(), target_name="toy")
    adapt(blueprint("dirt-t", steps=3), data, Run(tmp_path / "run"), export=False)
    _, first = load_run(Run(tmp_path / "run").first)
    _, trained = load_run(Run(tmp_path / "run"))
    assert isinstance(first, VADA)
    assert isinstance(trained, DIRTT)
    kept, learnt = trained.teacher.state_dict(), first.network.state_dict()
    assert all(torch.equal(kept[name], learnt[name]) for name in learnt), "3 updates are no refinement yet"
    assert any(not torch.equal(value, learnt[name]) for name, value in trained.network.state_dict().items())
    assert not any("domain" in name for name in trained.state_dict())


@pytest.mark.slow
def test_on_shifted_colours_it_goes_further_than_the_vada_it_starts_from(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain", shift=0.13)
    before = accuracy_on_shifted_colours("vada", tmp_path / "before", shift=0.13)
    short = {"smooth_target": 0.1, "entropy_weight": 0.1, "interval": 20, "ema": 0.9}  # 300 updates, not 80,000
    after = accuracy_on_shifted_colours("dirt-t", tmp_path / "after", shift=0.13, **short)
    assert after > before + 0.05
    assert after > plain + 0.1
