"""PADA by hand: how much a source image counts, and what the weights follow."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import torch
from gaps import bluer_corners
from shown import accuracy, batch, colour_network
from torch.nn import functional as F

from synthda.adapt.methods.pada import PADA


def made() -> PADA:
    torch.manual_seed(0)
    return PADA(colour_network(), memory=0.75).train()


def test_source_images_count_by_the_share_of_their_class_in_the_target() -> None:
    pada, given = made(), batch()
    shares = torch.arange(1.0, pada.network.classes + 1)
    pada.class_shares.copy_(shares / shares.sum())
    weights = (shares / shares[-1])[given.source_labels]
    each = F.cross_entropy(pada.network(given.source[0]), given.source_labels, reduction="none")
    chance_s, chance_t = (
        torch.sigmoid(pada.domain_classifier(pada.network.features(images))).squeeze(1)
        for images in (given.source[0], given.target[0])
    )
    domain = -((weights * (1 - chance_s).log()).mean() + chance_t.log().mean()) / 2
    found = pada.losses(given, torch.tensor(0.5))
    torch.testing.assert_close(found["label"], (weights * each).mean())
    torch.testing.assert_close(found["domain"], domain)


def test_the_shares_are_a_running_mean_of_the_predictions_on_the_target() -> None:
    pada, given = made(), batch()
    before = pada.class_shares.clone()
    predicted = pada.network(given.target[0]).softmax(dim=1).mean(dim=0)
    pada.losses(given, torch.tensor(0.5))
    torch.testing.assert_close(pada.class_shares, 0.75 * before + 0.25 * predicted)
    torch.testing.assert_close(pada.class_shares.sum(), torch.tensor(1.0))
    assert pada.class_weights.max() == 1
    pada.eval()
    pada.losses(given, torch.tensor(0.5))
    torch.testing.assert_close(pada.class_shares, 0.75 * before + 0.25 * predicted)


def test_where_the_target_lacks_classes_it_finds_which_and_does_better_than_dann(tmp_path: Path) -> None:
    gap = bluer_corners(0.3, only=(1, 2))
    plain, dann = (gap.accuracies(name, tmp_path / name, momentum=0.5) for name in ("source-only", "dann"))
    found = []
    for seed in range(3):
        trained = gap.adapted("pada", tmp_path / str(seed), seed=seed, momentum=0.5)
        assert isinstance(trained, PADA)
        assert trained.class_weights[[0, 3]].max() < 0.5 * trained.class_weights[[1, 2]].min()
        found.append(accuracy(trained, gap.unseen))
    assert min(found) > max(plain) + 0.3
    assert median(found) > median(dann) + 0.03
