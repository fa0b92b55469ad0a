"""IWDAN by hand: how much a source image counts, and what the weights follow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import torch
from gaps import rarer_corners, shifted_colours
from shown import accuracy, batch, colour_network
from torch.nn import functional as F

from synthda.adapt.label_shift import target_shares
from synthda.adapt.methods.iwdan import IWDAN
from synthda.errors import RunError


def made() -> IWDAN:
    torch.manual_seed(0)
    return IWDAN(colour_network()).train()


def test_the_label_loss_is_balanced_and_both_losses_are_weighted_by_class() -> None:
    iwdan, given = made(), batch()
    iwdan.ratios.copy_(torch.linspace(0.5, 2, iwdan.network.classes))
    iwdan.drawn.copy_(torch.linspace(10, 30, iwdan.network.classes))
    weights = iwdan.ratios[given.source_labels]
    balanced = weights / (iwdan.network.classes * iwdan.shares_s[given.source_labels])
    each = F.cross_entropy(iwdan.network(given.source[0]), given.source_labels, reduction="none")
    chance_s, chance_t = (
        torch.sigmoid(iwdan.domain_classifier(iwdan.network.features(images))).squeeze(1)
        for images in (given.source[0], given.target[0])
    )
    domain = -((weights * (1 - chance_s).log()).mean() + chance_t.log().mean()) / 2
    found = iwdan.losses(given, torch.tensor(0.5))
    torch.testing.assert_close(found["label"], (balanced * each).mean())
    torch.testing.assert_close(found["domain"], domain)


@pytest.mark.parametrize("memory", [0.5, 0.8])
def test_an_estimate_moves_the_weights_to_what_the_predictions_say_but_for_their_memory(memory: float) -> None:
    iwdan, given, p = made(), batch(), torch.tensor(0.5)
    iwdan.estimate_every, iwdan.memory, classes = 3, memory, iwdan.network.classes
    given.source[0][given.source_labels == 1] += 1
    given.target[0][2:] += 1  # seven of nine look like class 1
    with torch.no_grad():
        next(iwdan.network.label_predictor.parameters()).mul_(20)
        chances_s, chances_t = (iwdan.network(images).softmax(dim=1) for images in (given.source[0], given.target[0]))
    by_class = np.stack([chances_s[given.source_labels == label].sum(dim=0).numpy() for label in range(classes)])
    for _ in range(3):
        torch.testing.assert_close(iwdan.ratios, torch.ones(classes))
        iwdan.step(given, p, lambda loss, *names: None)  # the network stays as it is
    counts = 3 * torch.bincount(given.source_labels, minlength=classes)
    torch.testing.assert_close(iwdan.shares_s, (counts + 1) / (counts + 1).sum())
    found = target_shares(by_class, chances_t.sum(dim=0).numpy(), iwdan.shares_s.numpy())
    expected = memory + (1 - memory) * torch.from_numpy(found).float() / iwdan.shares_s
    torch.testing.assert_close(iwdan.ratios, expected, rtol=1e-3, atol=1e-4)
    assert iwdan.ratios[1] > 1.05
    assert iwdan.predictions.sum() == 0


def test_weights_average_to_1_however_few_classes_an_estimate_has_seen() -> None:
    iwdan, given = made(), batch()
    iwdan.estimate_every = 1
    for label in (1, 1, 0, 1):
        one = replace(given, source_labels=torch.full_like(given.source_labels, label))
        iwdan.step(one, torch.tensor(0.5), lambda loss, *names: None)
        torch.testing.assert_close(iwdan.ratios @ iwdan.shares_s, torch.tensor(1.0))
        assert iwdan.ratios.min() >= 0


def test_a_loss_that_is_no_longer_finite_is_told_by_the_loop(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="stopped being finite"):
        shifted_colours(0.2).adapted("iwdan", tmp_path, learning_rate=1e30, estimate_every=1)


def test_evaluation_tells_it_nothing() -> None:
    iwdan = made().eval()
    iwdan.losses(batch(), torch.tensor(0.5))
    assert iwdan.predictions.sum() == 0


def test_where_classes_are_rarer_in_the_target_it_finds_how_much_and_does_better_than_dann(tmp_path: Path) -> None:
    gap = rarer_corners()
    plain, dann = (gap.accuracies(name, tmp_path / name, momentum=0.5) for name in ("source-only", "dann"))
    found = []
    for seed in range(3):
        trained = gap.adapted("iwdan", tmp_path / str(seed), seed=seed, momentum=0.5, estimate_every=50)
        assert isinstance(trained, IWDAN)
        assert trained.ratios[0] > 2  # in truth 2.4, 1, .4 and .2
        assert trained.ratios[2:].max() < 0.5
        found.append(accuracy(trained, gap.unseen))
    assert min(found) > max(plain)
    assert median(found) > median(dann) + 0.03
