from __future__ import annotations

import json

import numpy as np
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


def test_the_model_card_is_written_with_the_run_and_again_with_each_export(synthda, run):
    card = run / "MODEL_CARD.md"
    first = card.read_text("utf-8")
    assert "# dann × conv-small, 2 classes" in first
    assert "Proxy A-distance" in first, "it knows the comparison, too"
    card.write_text(first.replace("license: unknown  # a person fills this in", "license: mit"), "utf-8")
    done = synthda("export", "run", "--int8")
    assert "MODEL_CARD.md" in done.out
    again = card.read_text("utf-8")
    assert "license: mit" in again
    assert "| In 8 bits | the same class on" in again


def test_a_run_is_exported_in_8_bits_with_what_it_costs(synthda, run):
    done = synthda("export", "run", "--int8", "--eval", "greys")
    assert done.code == 0, done.err
    assert "model.int8.onnx has" in done.out
    assert "of the bytes of model.onnx and gives the same class to" in done.out
    assert "Accuracy on greys (n = 24)" in done.out
    scored = json.loads(synthda("evaluate", run / "model.int8.onnx", "--data", "greys", "--json").out)
    assert scored["accuracy"] == json.loads((run / "parity.int8.json").read_text())["accuracy"]["int8"]
    assert synthda("predict", run / "model.int8.onnx", "greys").code == 0


def test_an_export_that_cannot_be_is_one_sentence(synthda, run):
    before = (run / "model.onnx").read_bytes()
    for arguments, sentence in {
        ("--eval", "greys"): "--eval tells what --int8 costs",
        ("--int8", "--out", "run/model.onnx", "--force"): "give another --out",
        ("--out", "greys", "--force"): "greys is a folder",
        ("--out", "greys/bright/200.png/model.onnx"): "could not be written",
    }.items():
        failed = synthda("export", "run", *arguments)
        assert failed.code == 2, arguments
        assert sentence in failed.err
    damages = (
        lambda sample: np.save(sample, np.zeros((256, 8, 8, 3), np.uint8)),
        lambda sample: sample.write_bytes(b"no array"),
        lambda sample: sample.unlink(),
    )
    for damage in damages:
        damage(run / "sample.npy")
        for arguments in (("--force",), ("--int8",)):
            failed = synthda("export", "run", *arguments)
            assert failed.code == 2
            assert "sample.npy is" in failed.err
    assert (run / "model.onnx").read_bytes() == before


def test_a_folder_that_is_no_run_is_refused(synthda, tmp_path):
    failed = synthda("export", tmp_path)
    assert failed.code == 2
    assert "holds no run" in failed.err
