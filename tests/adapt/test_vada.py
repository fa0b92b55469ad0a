"""VADA: the sum of its parts, each with its weight."""

from __future__ import annotations

import pytest
import torch
from shown import batch, colour_network
from torch.nn import functional as F

from synthda.adapt.additive import Seen, entropy
from synthda.adapt.methods.vada import VADA
from synthda.adapt.virtual_adversarial import virtual_adversarial_loss

P = torch.tensor(0.5)


def test_each_term_is_weighted_and_changes_have_half_the_papers_length_in_our_levels() -> None:
    method, given = VADA(colour_network(), smooth_source=2, smooth_target=3, entropy_weight=4, radius=1), batch()
    torch.manual_seed(1)
    terms = method.losses(given, P)
    torch.manual_seed(1)
    smooth = [
        virtual_adversarial_loss(method.network, side[0], method.network(side[0]), 0.5)
        for side in (given.source, given.target)
    ]
    assert terms["smooth_source"].item() == pytest.approx(2 * smooth[0].item(), rel=1e-4)
    assert terms["smooth_target"].item() == pytest.approx(3 * smooth[1].item(), rel=1e-4)
    unsure = entropy(method.network(given.target[0]).softmax(1)).mean()
    assert terms["entropy"].item() == pytest.approx(4 * unsure.item(), rel=1e-5)


def test_the_reversal_is_constant_and_the_domain_classifier_learns_at_full_strength() -> None:
    method, given = VADA(colour_network(), domain_weight=0.2), batch()
    seen = Seen(method.network, given)
    logits = method.domain_classifier(torch.cat([seen.features_s, seen.features_t])).squeeze(1)
    plain = F.binary_cross_entropy_with_logits(logits, torch.tensor([0.0] * 6 + [1.0] * 9))
    weight, own = next(method.network.feature_extractor.parameters()), next(method.domain_classifier.parameters())
    for p in (0.0, 1.0):
        found = torch.autograd.grad(method.losses(given, torch.tensor(p))["domain"], [weight, own])
        wanted = torch.autograd.grad(plain, [weight, own], retain_graph=True)
        torch.testing.assert_close(found[0], -0.2 * wanted[0])
        torch.testing.assert_close(found[1], wanted[1])
