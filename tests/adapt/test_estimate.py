"""The estimate of a training's time: from several steps, or from one where that is slow."""

from __future__ import annotations

import time

import pytest
import torch
from toy import blueprint

from synthda.adapt import estimate
from synthda.adapt.estimate import PATIENCE, TIMED, WARM_UP, enough, readable, seconds_per_step
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


@pytest.mark.parametrize(("device", "found"), [("cpu", [True, True]), ("cuda", [False, True])])
def test_a_slow_first_step_on_a_gpu_is_no_reason_to_stop(device: str, found: list[bool]) -> None:
    assert [enough(times, torch.device(device)) for times in ([30.0], [30.0, PATIENCE])] == found
    assert not enough([], torch.device(device))
    assert enough([0.1] * (WARM_UP + TIMED), torch.device(device))


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "under 1 s"), (95, "1 min 35 s"), (7200, "2 h")])
def test_durations_are_readable(seconds: float, said: str) -> None:
    assert readable(seconds) == said
