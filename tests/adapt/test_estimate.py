"""The estimate of a training's time: from several steps, or from one where that is slow."""

from __future__ import annotations

import time

import pytest
from toy import blueprint

from synthda.adapt import estimate, feed
from synthda.adapt.estimate import TIMED, WARM_UP, readable, seconds_per_step
from synthda.adapt.graph import CAPTURES
from synthda.adapt.method import Batch, LossTerms
from synthda.adapt.methods.source_only import SourceOnly


@pytest.mark.parametrize(("patience", "steps"), [(60.0, WARM_UP + TIMED), (1e-6, 1)])
def test_slow_steps_are_not_repeated(monkeypatch: pytest.MonkeyPatch, patience: float, steps: int) -> None:
    real, taken = SourceOnly.losses, []

    def losses(self: SourceOnly, batch: Batch, p: object) -> LossTerms:
        taken.append(time.sleep(0.02))
        return real(self, batch, p)  # type: ignore[arg-type]

    monkeypatch.setattr(SourceOnly, "losses", losses)
    monkeypatch.setattr(estimate, "PATIENCE", patience)
    assert seconds_per_step(blueprint("source-only")) >= 0.02
    assert len(taken) == steps


def test_the_views_that_a_step_makes_are_part_of_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    real = feed.seen
    monkeypatch.setattr(feed, "seen", lambda images, view: time.sleep(0.02) or real(images, view))
    assert seconds_per_step(blueprint("fixmatch")) >= 3 * 0.02  # the source's, and two of the target


def test_the_estimate_replays_where_the_training_does(monkeypatch: pytest.MonkeyPatch) -> None:
    captured = []
    monkeypatch.setitem(CAPTURES, "cpu", lambda work, device: captured.append(1) or work)
    assert seconds_per_step(blueprint("dann")) > 0
    assert captured == [1]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "under 1 s"),
        (95, "1 min 35 s"),
        (599, "9 min 59 s"),
        (601, "10 min"),
        (7200, "2 h"),
        (15601, "4 h 20 min"),
    ],
)
def test_durations_are_readable(seconds: float, said: str) -> None:
    assert readable(seconds) == said
