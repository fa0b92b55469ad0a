from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys

import pytest
from PIL import Image

from synthda.adapt.run import Run


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
    assert "Skipped 1 file that" in done.err
    assert "broken.png" in done.err


def test_json_lines_by_suffix(synthda, brightness_model, grey_photos, tmp_path):
    assert synthda("predict", brightness_model, "greys/bright", "--out", "p.jsonl").code == 0
    first = json.loads((tmp_path / "p.jsonl").read_text().splitlines()[0])
    assert first == {"path": "greys/bright/204.png", "class": "bright", "confidence": pytest.approx(0.8)}


def test_a_file_whose_name_is_no_utf_8_comes_back_as_it_was(synthda, brightness_model, grey_photos, tmp_path):
    name = os.fsencode(grey_photos) + b"/caf\xe9.png"
    try:
        shutil.copy(grey_photos / "bright" / "204.png", os.fsdecode(name))
    except OSError:
        pytest.skip("this system has no such names")
    for out in ("found.csv", "found.jsonl"):
        assert synthda("predict", "model.onnx", grey_photos, "--out", out).code == 0
    program = "import sys; from synthda.cli import main; sys.argv[0] = 'synthda'; main()"
    given = [sys.executable, "-c", program, "predict", "model.onnx", str(grey_photos), "--out", "-"]
    listed = subprocess.run(given, check=True, capture_output=True, cwd=tmp_path).stdout
    assert b"caf\xe9.png,bright," in listed
    assert b"caf\xe9.png," in (tmp_path / "found.csv").read_bytes()
    lines = [json.loads(line)["path"] for line in (tmp_path / "found.jsonl").read_text().splitlines()]
    assert any(os.fsencode(path).endswith(b"caf\xe9.png") for path in lines)


def test_a_dash_writes_csv_to_stdout_and_no_file(synthda, brightness_model, grey_photos, tmp_path):
    done = synthda("predict", brightness_model, "greys/dark/0.png", "--out", "-")
    assert done.out.splitlines() == ["path,class,confidence", "greys/dark/0.png,dark,1.000000"]
    assert not (tmp_path / "predictions.csv").exists()


def test_ctrl_c_promises_nothing_that_the_same_command_would_not_do(
    synthda, brightness_model, grey_photos, tmp_path, monkeypatch
):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("synthda.adapt.predict.Classifier.of_photos", stop)
    stopped = synthda("predict", brightness_model, "greys")
    assert (stopped.code, stopped.err.strip()) == (130, "Stopped.")
    assert not list(tmp_path.glob("predictions.csv*"))


def test_the_folder_of_a_run_stands_for_the_model_in_it(synthda, brightness_model, grey_photos, tmp_path):
    assert synthda("predict", tmp_path, "greys/dark/0.png", "--out", "-").out.endswith("dark,1.000000\n")
    assert "greys holds neither a run nor model.onnx" in synthda("predict", "greys", "greys").err
    assert "There is no run or model runs/none; export" in synthda("predict", "runs/none", "greys").err
    assert "There is no run or model grey; did you mean greys?" in synthda("predict", "grey", "greys").err
    ended = Run(tmp_path / "ended run")
    ended.begin({})
    ended.finish({})
    refused = synthda("predict", "ended run", "greys").err
    assert "ended run/model.onnx does not exist; export it with: synthda export 'ended run'" in refused
    Run(tmp_path / "run").begin({})
    said = "The run in run is not finished; give its command again"
    for command in (("predict", "run", "greys"), ("predict", "run/model.onnx", "greys"), ("label", "run", "greys")):
        assert said in synthda(*command).err


def test_a_contact_sheet_of_the_predictions(synthda, brightness_model, grey_photos, tmp_path):
    done = synthda("predict", brightness_model, "greys", "--sheet", "classes.png")
    assert "Contact sheet: classes.png" in done.out
    with Image.open(tmp_path / "classes.png") as sheet:
        assert sheet.width > 4 * 96


@pytest.fixture
def shelf(tmp_path):
    """A photograph whose left half is black and whose right half is white, and one that cannot be read."""
    (tmp_path / "shelf").mkdir()
    image = Image.new("RGB", (40, 20))
    image.paste((255, 255, 255), (20, 0, 40, 20))
    image.save(tmp_path / "shelf" / "a.png")
    (tmp_path / "shelf" / "broken.png").write_bytes(b"")
    lines = ["a.png,24,0,16,20", "a.png,-9,0,25,20", "broken.png,0,0,5,5", "a.png,50,0,9,9", "a.png,10,0,20,20.5"]
    (tmp_path / "boxes.csv").write_text("path,x,y,w,h\n" + "\n".join(lines) + "\n")
    return tmp_path / "shelf"


def test_a_line_for_each_box_with_its_edges(synthda, brightness_model, shelf, tmp_path):
    done = synthda("predict", brightness_model, "shelf", "--boxes", "boxes.csv", "--out", "p.csv", "--sheet", "s.png")
    assert done.code == 0, done.err
    assert (tmp_path / "p.csv").read_text().splitlines()[:3] == [
        "path,x,y,w,h,class,confidence",
        "shelf/a.png,24,0,16,20,bright,1.000000",
        "shelf/a.png,-9,0,25,20,dark,1.000000",
    ]
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 4
    assert "p.csv: 3 boxes in 1 photograph." in done.out
    assert "Skipped 2 boxes or files" in done.err
    assert "shelf/a.png: nothing of the box 50,0,9,9 lies in its 40 × 20 pixels." in done.err
    assert "the file is empty" in done.err
    assert (tmp_path / "s.png").exists()
    assert synthda("predict", brightness_model, "shelf", "--boxes", "boxes.csv", "--out", "p.jsonl").code == 0
    first = json.loads((tmp_path / "p.jsonl").read_text().splitlines()[0])
    assert first == {"path": "shelf/a.png", "x": 24, "y": 0, "w": 16, "h": 20, "class": "bright", "confidence": 1}


def test_edges_are_written_as_they_were_given(synthda, brightness_model, shelf, tmp_path):
    (tmp_path / "boxes.csv").write_text("path,x,y,w,h\na.png,0.12345678901234,-3,20,1e1\n")
    assert synthda("predict", brightness_model, "shelf", "--boxes", "boxes.csv").code == 0
    assert (
        (tmp_path / "predictions.csv").read_text().splitlines()[1].startswith("shelf/a.png,0.12345678901234,-3,20,10,")
    )


def test_the_file_of_the_boxes_is_not_written_over(synthda, brightness_model, shelf, tmp_path):
    boxes = (tmp_path / "boxes.csv").rename(tmp_path / "predictions.csv")
    kept = boxes.read_bytes()
    failed = synthda("predict", brightness_model, "shelf", "--boxes", "predictions.csv")
    assert failed.code == 2
    assert "--out predictions.csv is the file of the boxes, which would be lost; give --out another" in failed.err
    assert boxes.read_bytes() == kept


def test_boxes_that_show_nothing_are_an_error(synthda, brightness_model, shelf, tmp_path):
    (tmp_path / "boxes.csv").write_text("path,x,y,w,h\na.png,90,0,5,5\n")
    failed = synthda("predict", brightness_model, "shelf", "--boxes", "boxes.csv")
    assert failed.code == 2
    assert "None of the boxes in 1 photograph shows anything" in failed.err
    assert "The first: shelf/a.png: nothing of the box 90,0,5,5 lies in its 40 × 20 pixels." in failed.err
    assert not (tmp_path / "predictions.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["model.onnx", "greys", "--out", "p.txt"], ".csv or .jsonl"),
        (["model.onnx", "nowhere"], "no file or folder nowhere"),
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
