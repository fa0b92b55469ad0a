"""The log: means between lines, a rate of what was really read, and advice at the dead ends."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from toy import blueprint, train_toy

from synthda.adapt.metrics_log import read_metrics
from synthda.adapt.run import Run
from synthda.adapt.train import Pace
from synthda.errors import SynthdaError


def test_the_log_on_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, run = blueprint(steps=3), Run(tmp_path)
    real = Path.open

    def full(path: Path, mode: str = "r", **options: Any) -> Any:
        if path == run.metrics and mode == "a":
            raise OSError(28, "No space left on device")
        return real(path, mode, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(SynthdaError, match=r"metrics\.jsonl could not be written"):
        train_toy(plan, run)


def test_images_a_second_count_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(monotonic=iter(range(1000)).__next__)
    monkeypatch.setattr("synthda.adapt.metrics_log.time", clock)
    rates = {}
    for method in ("source-only", "dann"):
        train_toy(blueprint(method, steps=1), Run(tmp_path / method), pace=Pace(checkpoint_seconds=1e9))
        rates[method] = read_metrics(Run(tmp_path / method))[0]["images_per_second"]
    assert rates["dann"] / rates["source-only"] == pytest.approx((16 + 12) / 16)


def test_a_log_that_is_no_text_is_cut_where_it_ends(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.metrics.write_bytes(json.dumps({"step": 1}).encode() + b"\n\xff\xfe\x00\n")
    assert read_metrics(run) == [{"step": 1}]
