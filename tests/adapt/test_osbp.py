"""OSBP by hand: the boundary's loss, and which way each side of the reversal is pulled."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from gaps import strangers_among_colours
from shown import batch, colour_network

from synthda.adapt.infer import probabilities
from synthda.adapt.methods.osbp import OSBP


def made(boundary: float = 0.5) -> OSBP:
    torch.manual_seed(0)
    return OSBP(colour_network(), boundary=boundary).train()


def unknown_chances(osbp: OSBP) -> torch.Tensor:
    return osbp.network(batch().target[0]).softmax(dim=1)[:, -1]


def test_the_boundary_term_is_the_cross_entropy_of_the_unknown_class() -> None:
    for boundary in (0.5, 0.2):
        osbp = made(boundary)
        chance = unknown_chances(osbp)
        expected = -(boundary * chance.log() + (1 - boundary) * (1 - chance).log()).mean()
        torch.testing.assert_close(osbp.losses(batch(), torch.tensor(0.5))["boundary"], expected)


def test_the_predictor_descends_it_and_the_features_ascend_it_by_lambda() -> None:
    osbp, p = made(), torch.tensor(0.3)
    chance = unknown_chances(osbp)
    plain = -(0.5 * chance.log() + 0.5 * (1 - chance).log()).mean()
    found = osbp.losses(batch(), p)["boundary"]
    predictor = list(osbp.network.label_predictor.parameters())
    extractor = list(osbp.network.feature_extractor.parameters())
    for own, other in zip(
        torch.autograd.grad(found, predictor, retain_graph=True),
        torch.autograd.grad(plain, predictor, retain_graph=True),
        strict=True,
    ):
        torch.testing.assert_close(own, other)
    lambda_ = 2 / (1 + math.exp(-3.0)) - 1
    for own, other in zip(torch.autograd.grad(found, extractor), torch.autograd.grad(plain, extractor), strict=True):
        torch.testing.assert_close(own, -lambda_ * other)


def test_how_many_are_taken_for_unknown_is_told() -> None:
    osbp = made()
    told = osbp.losses(batch(), torch.tensor(0.5))["unknown"]
    torch.testing.assert_close(told, (unknown_chances(osbp) > 0.5).float().mean())


def test_of_strangers_among_shifted_colours_it_knows_most_and_the_known_better_than_before(tmp_path: Path) -> None:
    """The source alone cannot tell a third of the target: at best, .67 would be right."""
    gap = strangers_among_colours()

    def recalls(method: str, seed: int) -> list[float]:
        trained = gap.adapted(method, tmp_path / method / str(seed), seed=seed)
        said = probabilities(trained, gap.unseen.images).argmax(axis=1)
        return [float((said == label)[gap.unseen.labels == label].mean()) for label in range(3)]

    plain, found = (np.array([recalls(method, seed) for seed in range(3)]) for method in ("source-only", "osbp"))
    assert plain[:, 2].max() < 0.1
    assert found[:, 2].min() > 0.7
    assert (found[:, :2].mean(axis=1) > plain[:, :2].mean(axis=1) + 0.05).all()
