from __future__ import annotations

import json

import pytest
from PIL import Image


@pytest.fixture
def run(synthda, tmp_path):
    """A run of three steps on two greys, and those greys as labelled photographs."""
    for name, levels in {"bright": range(200, 256, 5), "dark": range(0, 56, 5)}.items():
        (tmp_path / "greys" / name).mkdir(parents=True)
        for level in levels:
            Image.new("RGB", (16, 16), (level, level, level)).save(tmp_path / "greys" / name / f"{level}.png")
    small = ["--size", 16, "--set", "width=4", "--set", "source_batch=4", "--set", "target_batch=4", "--device", "cpu"]
    done = synthda("adapt", "--source", "greys", "--target", "greys", "--out", "run", "--steps", 3, *small)
    assert done.code == 0, done.err
    return tmp_path / "run"


def test_a_run_is_exported_scored_and_used(synthda, run):
    (run / "model.onnx").unlink()
    before = json.loads(synthda("evaluate", "run", "--data", "greys", "--json").out)
    exported = synthda("export", "run")
    assert exported.code == 0, exported.err
    assert "same class on all of them" in exported.out
    after = json.loads(synthda("evaluate", "run", "--data", "greys", "--json").out)
    assert before["model"].endswith("last.pt")
    assert after["model"].endswith("model.onnx")
    assert after["confusion"] == before["confusion"]
    assert synthda("predict", run / "model.onnx", "greys").code == 0

    refused = synthda("export", "run")
    assert refused.code == 2
    assert "--force" in refused.err


def test_a_folder_that_is_no_run_is_refused(synthda, tmp_path):
    failed = synthda("export", tmp_path)
    assert failed.code == 2
    assert "holds no run" in failed.err
