"""FixMatch: the weak view tells the label, the strong one learns it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from gaps import turned_bars
from shown import colour_network
from torch.nn import functional as F
from toy import blueprint, domain

from synthda.adapt.feed import Feed
from synthda.adapt.method import Batch
from synthda.adapt.methods.fixmatch import FixMatch

P = torch.tensor(0.5)


def batch() -> Batch:
    images = torch.rand(14, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    zeros = torch.zeros(4).long()
    return Batch((images[:4],), torch.arange(4) % 2, zeros, zeros, (images[4:9], images[9:]), torch.zeros(5).long())


def test_the_strong_view_learns_what_is_sure_in_the_weak_one() -> None:
    method, given = FixMatch(colour_network(), fixmatch_weight=2), batch()
    chances = method.network(given.target[0]).softmax(1)
    method.confidence = chances.amax(1).median().item()
    sure = chances.amax(1) >= method.confidence
    each = F.cross_entropy(method.network(given.target[1]), chances.argmax(1), reduction="none")
    terms = method.losses(given, P)
    assert terms["consistency"].item() == pytest.approx(2 * (each * sure).sum().item() / 5, rel=1e-5)
    assert terms["sure"].item() == pytest.approx(3 / 5)


def test_it_is_nothing_where_the_weak_view_is_sure_of_nothing() -> None:
    method, given = FixMatch(colour_network()), batch()
    surest = method.network(given.target[0]).softmax(1).max().item()
    method.confidence = surest + 1e-4
    terms = method.losses(given, P)
    assert (terms["sure"].item(), terms["consistency"].item()) == (0, 0)
    method.confidence = surest - 1e-4
    assert method.losses(given, P)["consistency"].item() > 0


def test_nothing_flows_back_through_the_weak_view() -> None:
    method, given = FixMatch(colour_network(), confidence=0), batch()
    weak, strong = (view.clone().requires_grad_() for view in given.target)
    term = method.losses(replace(given, target=(weak, strong)), P)["consistency"]
    through_weak, through_strong = torch.autograd.grad(term, [weak, strong])
    assert (through_weak == 0).all()
    assert through_strong.abs().max() > 0


def test_the_loop_gives_it_a_weak_and_a_strong_view_of_the_same_images() -> None:
    plan = blueprint("fixmatch", target_view="none")
    feed = Feed(plan.build(), [domain()], domain(target=True).images, plan.recipe, 0, torch.device("cpu"))
    torch.manual_seed(0)
    given = feed.batch(0)
    assert [view.shape for view in given.target] == [(12, 3, 16, 16)] * 2
    assert not torch.equal(*given.target)
    assert len(given.source) == 1


def test_what_is_sure_is_carried_over_to_turned_bars(tmp_path: Path) -> None:
    gap = turned_bars()
    plain, found = (gap.accuracies(method, tmp_path / method, orders=2) for method in ("source-only", "fixmatch"))
    assert min(found) > max(plain) + 0.1
