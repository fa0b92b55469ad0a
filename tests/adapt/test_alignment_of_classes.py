"""Distribution alignment: by hand, and in the methods that have it as a setting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import softmax
from shown import batch, colour_network, rows, shown
from toy import blueprint, same, stopping_after, train_toy, weights

from synthda.adapt.alignment import REMEMBERED, Shares, aligned
from synthda.adapt.method import Batch
from synthda.adapt.methods import build_method
from synthda.adapt.methods.fixmatch import FixMatch
from synthda.adapt.methods.pseudo_label import PseudoLabel
from synthda.adapt.ranks import ALONE
from synthda.adapt.run import Run

P = torch.tensor(1.0)


def test_a_class_too_frequent_on_the_target_counts_less() -> None:
    """(.6, .4) where the source has (.5, .5) and the target (.8, .2): .6 · .625 and .4 · 2.5, divided by 1.375."""
    found = aligned(torch.tensor([[0.6, 0.4]]), torch.tensor([0.5, 0.5]), torch.tensor([0.8, 0.2]))
    np.testing.assert_allclose(found, [[0.375 / 1.375, 1 / 1.375]], rtol=1e-5)


def test_equal_shares_change_nothing_and_neither_do_none() -> None:
    chances = torch.tensor([[0.9, 0.1], [0.3, 0.7]])
    for shares in (torch.tensor([0.2, 0.8]), torch.zeros(2)):
        torch.testing.assert_close(aligned(chances, shares, shares), chances)


def test_shares_are_means_over_the_last_steps_alone() -> None:
    shares = Shares(2)
    old, new = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.25, 0.75], [0.75, 0.25]])
    for _ in range(3):
        shares.see(old, old, ALONE)
    for _ in range(REMEMBERED):
        shares.see(new, torch.tensor([[0.2, 0.8]]), ALONE)
    expected = aligned(torch.tensor([[0.5, 0.5]]), torch.tensor([0.5, 0.5]), torch.tensor([0.2, 0.8]))
    torch.testing.assert_close(shares.align(torch.tensor([[0.5, 0.5]])), expected)


def test_pseudo_labels_are_those_of_the_aligned_predictions() -> None:
    """The source is even and the target three to one, so that .6 for the frequent class becomes the other one."""
    source, target = np.log([[0.5, 0.5]] * 4), np.log([[0.95, 0.05], [0.9, 0.1], [0.6, 0.4], [0.55, 0.45]])
    seen = shown([rows(0, 4, 16), source], [rows(1, 4, 16), target])
    method = PseudoLabel(colour_network().double(), confidence=0, align=True).double()
    found = method.terms(seen, P.double())["pseudo_label"].item()
    chances = softmax(target, axis=1)
    shifted = chances * [0.5, 0.5] / chances.mean(axis=0)
    labels = shifted.argmax(axis=1)
    assert labels.tolist() == [0, 0, 1, 1]
    assert found == pytest.approx(-np.log(chances[np.arange(4), labels]).mean(), rel=1e-4)
    assert PseudoLabel(colour_network()).shares is None


def test_fixmatch_learns_the_class_of_the_aligned_weak_view() -> None:
    method, given = FixMatch(colour_network(), confidence=0, align=True), batch(4, 10)
    weak, strong = given.target[0][:5], given.target[0][5:]
    given = Batch(given.source, given.source_labels, given.source_domain, given.source_index, (weak, strong), P.long())
    shares_s, shares_t, taught = (
        method.network(images).softmax(1).detach().numpy() for images in (given.source[0], weak, strong)
    )
    shifted = shares_t * shares_s.mean(axis=0) / shares_t.mean(axis=0)
    labels = shifted.argmax(axis=1)
    expected = -np.log(taught[np.arange(5), labels]).mean()
    assert method.losses(given, P)["consistency"].item() == pytest.approx(expected, rel=1e-4)


def test_evaluation_leaves_the_shares_alone_and_combined_methods_have_them() -> None:
    method = build_method("dann+pseudo-label", colour_network(), {"align": True})
    method.eval().losses(batch(), P)
    recent = [value for name, value in method.state_dict().items() if name.endswith("recent")]
    assert len(recent) == 1
    assert (recent[0] == 0).all()
    method.train().losses(batch(), P)
    assert recent[0][:, -1].sum(dim=1).tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize("name", ["pseudo-label", "fixmatch"])
def test_a_resumed_run_is_the_same_run(name: str, tmp_path: Path) -> None:
    plan = blueprint(name, steps=3, align=True, confidence=0.5)
    whole = weights(train_toy(plan, Run(tmp_path / "whole")))
    with pytest.raises(KeyboardInterrupt):
        train_toy(plan, Run(tmp_path / "stopped"), pace=stopping_after(2))
    assert same(weights(train_toy(plan, Run(tmp_path / "stopped"))), whole)
