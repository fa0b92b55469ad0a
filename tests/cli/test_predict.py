from __future__ import annotations

import csv
import json
import os
import subprocess
import sys

import pytest
from PIL import Image


def test_path_class_and_confidence_of_each_photograph(synthda, brightness_model, grey_photos, tmp_path):
    done = synthda("predict", brightness_model, "greys")
    assert done.code == 0
    with (tmp_path / "predictions.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [(line["path"], line["class"]) for line in lines] == [
        ("greys/bright/204.png", "bright"),
        ("greys/bright/255.png", "bright"),
        ("greys/dark/0.png", "dark"),
        ("greys/dark/204.png", "bright"),
    ]
    assert [float(line["confidence"]) for line in lines] == pytest.approx([0.8, 1, 1, 0.8])
    assert "bright: 3, dark: 1" in done.out
    assert "Skipped 1 file" in done.err
    assert "broken.png" in done.err


def test_json_lines_by_suffix(synthda, brightness_model, grey_photos, tmp_path):
    assert synthda("predict", brightness_model, "greys/bright", "--out", "p.jsonl").code == 0
    first = json.loads((tmp_path / "p.jsonl").read_text().splitlines()[0])
    assert first == {"path": "greys/bright/204.png", "class": "bright", "confidence": pytest.approx(0.8)}


def test_a_dash_writes_csv_to_stdout_and_no_file(synthda, brightness_model, grey_photos, tmp_path):
    done = synthda("predict", brightness_model, "greys/dark/0.png", "--out", "-")
    assert done.out.splitlines() == ["path,class,confidence", "greys/dark/0.png,dark,1.000000"]
    assert not (tmp_path / "predictions.csv").exists()


def test_the_folder_of_a_run_stands_for_the_model_in_it(synthda, brightness_model, grey_photos, tmp_path):
    assert synthda("predict", tmp_path, "greys/dark/0.png", "--out", "-").out.endswith("dark,1.000000\n")
    assert "greys/model.onnx does not exist; export a model" in synthda("predict", "greys", "greys").err


def test_a_contact_sheet_of_the_predictions(synthda, brightness_model, grey_photos, tmp_path):
    done = synthda("predict", brightness_model, "greys", "--sheet", "classes.png")
    assert "Contact sheet: classes.png" in done.out
    with Image.open(tmp_path / "classes.png") as sheet:
        assert sheet.width > 4 * 96


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["model.onnx", "greys", "--out", "p.txt"], ".csv or .jsonl"),
        (["model.onnx", "nowhere"], "no folder nowhere"),
        (["model.onnx", "empty"], "There is no image in empty"),
        (["greys/bright/255.png", "greys"], "is not a model that synthda exported"),
        (["missing.onnx", "greys"], "synthda export RUN"),
        (["model.onnx", "greys/dark/broken.png"], "can be read"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(synthda, brightness_model, grey_photos, tmp_path, arguments, sentence):
    (tmp_path / "empty").mkdir()
    failed = synthda("predict", *arguments)
    assert failed.code == 2
    assert sentence in failed.err
    assert not list(tmp_path.glob("predictions.csv*"))


def test_torch_is_never_imported(brightness_model, grey_photos, tmp_path):
    program = (
        "import sys; from synthda.cli.app import app;"
        "app(['predict', 'model.onnx', 'greys', '--sheet', 's.png'], standalone_mode=False);"
        "sys.exit('torch' in sys.modules)"
    )
    # The checkout need not be installed: the child looks where this process does.
    inherited = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=inherited, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
