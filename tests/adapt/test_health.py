"""What the log of a training says: of the domain classifier, of pseudo-labels that never come, of a source unlearnt."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from synthda.adapt.health import health
from synthda.adapt.metrics_log import Entry


@pytest.mark.parametrize(
    ("accuracy", "loss", "said"),
    [(1, 0.01, "not aligned"), (0.95, 0.2, None), (0.5, 0.6931, "ln 2"), (0.7, 0.6, None), (0.75, 0.6931, None)],
)
def test_a_domain_classifier_at_a_dead_end_is_told(accuracy: float, loss: float, said: str | None) -> None:
    lines: list[Entry] = [{"step": step, "domain": loss, "domain_accuracy": accuracy} for step in range(12)]
    advice = health(lines)
    assert advice is None if said is None else said in str(advice)
    assert health(lines[:9]) is None
    of_two = [{"step": 1, "dann/domain": 0.5, "dann/domain_accuracy": 0.8} for _ in lines]
    named = [{f"cdan/{name}": value for name, value in line.items() if name != "step"} for line in lines]
    assert health([one | other for one, other in zip(of_two, named, strict=True)]) == advice
    assert health([{"step": 1, "label": 0.1}] * 20) is None


def log(shares: Sequence[float], name: str = "sure") -> list[Entry]:
    """A line every 50 steps, with the share of the photographs that are sure."""
    return [{"step": 50 * number, "label": 0.1, name: share} for number, share in enumerate(shares, start=1)]


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ([0.0] * 20, "In the whole training, hardly a photograph was sure enough"),
        ([0.0] * 11 + [0.5] * 9, "In the first 600 of 1,000 steps, hardly a photograph was sure enough"),
        ([0.0] * 9 + [0.05] * 11, None),
        ([0.0] * 9, None),
    ],
)
@pytest.mark.parametrize("name", ["sure", "fixmatch/sure"])
def test_pseudo_labels_that_come_late_or_never_are_told(shares: list[float], said: str | None, name: str) -> None:
    advice = health(log(shares, name))
    assert advice is None if said is None else str(advice).startswith(said)


def test_a_dead_end_of_the_domain_classifier_is_told_before_missing_pseudo_labels() -> None:
    both = [entry | {"domain": 0.01, "domain_accuracy": 1.0} for entry in log([0.0] * 20)]
    assert "not aligned" in str(health(both))


def falling(first: float, last: float) -> list[Entry]:
    """A label loss that is `first` until the last quarter, and `last` from then on."""
    return [{"step": step, "label": first if step <= 750 else last} for step in range(50, 1001, 50)]


@pytest.mark.parametrize(
    ("first", "last", "told"), [(0.6, 0.5, True), (0.6, 0.55, False), (0.4, 0.29, False), (0.2, 0.1, False)]
)
def test_a_label_loss_that_is_high_and_still_falls_is_told(first: float, last: float, told: bool) -> None:
    advice = health(falling(first, last))
    assert (advice is not None) == told
    assert not told or "from 0.60 to 0.50 in the last quarter: the source is not learnt yet" in str(advice)


def test_a_method_that_learns_no_labels_is_not_asked_for_its_label_loss() -> None:
    assert health([{"step": step, "entropy": 1 / step} for step in range(1, 40)]) is None
