"""When an estimate of the accuracy is not to be trusted, and when two of them tell that adaptation did harm."""

from __future__ import annotations

import pytest

from synthda.adapt.estimate_doubts import doubts, is_worse


def estimate(value: float, source: float, images: int = 10_000) -> dict[str, float]:
    return {"value": value, "source_accuracy": source, "source_images": images, "target_images": images}


def test_nothing_speaks_against_a_target_that_is_harder_than_a_source_that_was_learnt() -> None:
    assert list(doubts(estimate(0.8, 0.97))) == []


def test_a_source_that_was_not_learnt_does() -> None:
    (found,) = doubts(estimate(0.6, 0.63))
    assert "63% are recognised: the network has not learnt the source yet" in found


def test_a_target_that_is_easier_than_the_source_does_where_that_is_no_chance() -> None:
    (found,) = doubts(estimate(0.95, 0.9))
    assert found.startswith("The estimate, 0.95, is above what is right on the held-out source, 0.90")
    for few in ("source_images", "target_images"):
        assert list(doubts(estimate(0.95, 0.9) | {few: 50})) == []  # ± 0.04 of the one, ± 0.03 of the other
    assert list(doubts(estimate(0.905, 0.9, images=1_000_000))) == []


@pytest.mark.parametrize(("own", "floor", "expected"), [(0.5, 0.9, True), (0.9, 0.5, False), (0.895, 0.9, False)])
def test_adaptation_is_worse_by_more_than_chance(own: float, floor: float, expected: bool) -> None:
    assert is_worse(estimate(own, 1), estimate(floor, 1)) is expected


def test_a_missing_estimate_tells_nothing() -> None:
    assert not is_worse(None, estimate(0.9, 1))
    assert not is_worse(estimate(0.1, 1), {})
