"""`torchrun … -m synthda adapt`: two processes, one run; what is said when one ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from synthda.adapt.checkpoint import load_checkpoint
from synthda.adapt.metrics_log import read_metrics
from synthda.adapt.run import Run

PATIENCE = 240.0
"""Seconds; two processes that import torch on a busy machine take a while."""
ADAPT = ["adapt", "--source", "stripes", "--target", "photos", "--eval", "photos", "--size", "16", "--no-export"]
ADAPT += ["--set", "width=4", "--set", "source_batch=8", "--set", "target_batch=8", "--out", "run"]


@pytest.fixture
def images(synthda: Any, photos: Path) -> None:
    (photos / "level" / "broken.jpg").unlink()
    assert synthda("generate", "stripes", "--count", 64, "--out", "stripes", "--workers", 1).code == 0


def torchrun(folder: Path, *arguments: object) -> subprocess.Popen[str]:
    inherited = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "synthda"]
    return subprocess.Popen(
        [*command, *map(str, arguments)],
        cwd=folder,
        env=inherited,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, out, err


def under_way(process: subprocess.Popen[str], run: Run) -> None:
    """Wait for a line more in the log."""
    began, before = time.monotonic(), len(read_metrics(run))
    while len(read_metrics(run)) <= before and time.monotonic() - began < PATIENCE and process.poll() is None:
        time.sleep(0.05)


def children(process: subprocess.Popen[str]) -> list[int]:
    """The processes that torchrun has started, by rank."""
    tasks = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(number) for number in tasks.split()]


@pytest.mark.slow
@pytest.mark.usefixtures("images")
def test_two_processes_make_one_run(tmp_path: Path) -> None:
    code, out, err = ended(torchrun(tmp_path, *ADAPT, "--steps", 6, "--method", "dann+bnm", "--baselines"))
    assert code == 0, err
    assert "Share    2 processes, of which each takes 4 + 4 images of a batch" in out
    assert "Alone    over the images of one process: the nuclear norm" in out
    assert out.count("source-only ") == 1
    run = Run(tmp_path / "run")
    assert run.read()["configuration"]["number_of_processes"] == 2
    assert [line["step"] for line in read_metrics(run)] == [6]
    assert json.loads(run.comparison.read_text())["source-only"] is not None


@pytest.mark.slow
@pytest.mark.usefixtures("images")
@pytest.mark.skipif(sys.platform != "linux", reason="looks for torchrun's children in /proc")
def test_a_killed_process_and_ctrl_c_end_all_with_a_message_and_the_run_goes_on(tmp_path: Path) -> None:
    run, steps = Run(tmp_path / "run"), 20_000
    begun = torchrun(tmp_path, *ADAPT, "--steps", steps)
    under_way(begun, run)
    os.killpg(begun.pid, signal.SIGINT)
    code, _, err = ended(begun)
    assert code != 0
    assert err.count("Stopped; what is finished is kept, and the same command goes on from there.") == 1
    saved = _step(run)

    begun = torchrun(tmp_path, *ADAPT, "--steps", steps)
    under_way(begun, run)
    assert min(line["step"] for line in read_metrics(run)[-1:]) > saved - 50
    os.kill(children(begun)[1], signal.SIGKILL)
    code, _, err = ended(begun)
    assert code != 0
    assert "Another process of this training has ended" in err or "Stopped; what is finished is kept" in err
    assert _step(run) >= saved


def _step(run: Run) -> int:
    from synthda.adapt.blueprint import Blueprint

    plan = Blueprint.from_dict(run.read()["configuration"]["blueprint"])
    return load_checkpoint(run.checkpoint, plan.build(), {})


def test_other_verbs_do_not_divide_their_work(synthda: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": 0, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": 1}.items():
        monkeypatch.setenv(name, str(value))
    refused = synthda("methods")
    assert refused.code == 2
    assert "only synthda adapt divides its work" in refused.err
    monkeypatch.setenv("RANK", "1")
    assert "Error (rank 1): Several" in synthda("methods").err


def test_one_method_says_what_several_processes_take_over_a_batch(synthda: Any) -> None:
    shown = synthda("methods", "triplet").out
    assert "over each one's own images: the triplets" in shown
    assert "over the images of all: the class centres" in shown
    assert "dann" not in shown
    (listed,) = json.loads(synthda("methods", "bnm", "--json").out)["methods"]
    assert listed["statistics"] == {"local": "the nuclear norm", "gathered": ""}
    assert synthda("methods", "bmn").code == 2
