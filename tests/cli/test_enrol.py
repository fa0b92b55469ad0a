from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COLOURS = {"red": (220, 30, 30), "green": (30, 220, 30), "blue": (30, 30, 220), "white": (250, 250, 250)}


def even(path: Path, colour: str, shade: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 12), tuple(max(0, level - shade) for level in COLOURS[colour])).save(path)


@pytest.fixture
def colour_model(tmp_path):
    """A run's model without training: its features are the mean colour, and it knows red and green."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats", "axes"], ["features"], keepdims=0),
        helper.make_node("MatMul", ["features", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    weights = np.array([[0.1, 0], [0, 0.1], [0, 0]], np.float32)
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", 8, 8, 3])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 3]),
        ],
        [numpy_helper.from_array(np.array([1, 2]), "axes"), numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    for name, value in {"classes": '["red", "green"]', "input_size": "[8, 8]", "fit": "stretch"}.items():
        model.metadata_props.add(key=name, value=value)
    (tmp_path / "run").mkdir()
    onnx.save(model, tmp_path / "run" / "model.onnx")
    shades = np.arange(0, 30, dtype=np.uint8)[:, None, None, None]
    colours = np.array([COLOURS["red"], COLOURS["green"]] * 15, np.uint8)[:, None, None]
    sample = np.broadcast_to(colours - np.minimum(shades, colours), (30, 8, 8, 3))
    np.save(tmp_path / "run" / "sample.npy", sample)
    return tmp_path / "run"


def predicted(path):
    with path.open(newline="", encoding="utf-8") as file:
        return {Path(line["path"]).stem: line["class"] for line in csv.DictReader(file)}


def test_a_class_is_added_listed_predicted_scored_and_taken_out(synthda, colour_model, tmp_path):
    even(tmp_path / "icons" / "blue.png", "blue")
    done = synthda("enrol", "run", "icons")
    assert (done.code, done.err) == (0, "")
    assert "run/model.enrolled.onnx also knows blue." in done.out
    sample = "run/sample.npy (the run's target, filled up from its source)"
    assert f"Of the 30 images in {sample}, 0.0% get a new class now." in done.out
    for colour in ("red", "green", "blue"):
        even(tmp_path / "photos" / colour / f"{colour}.png", colour, shade=20)
    assert synthda("predict", "run/model.enrolled.onnx", "photos").code == 0
    assert predicted(tmp_path / "predictions.csv") == {"red": "red", "green": "green", "blue": "blue"}
    scored = json.loads(synthda("evaluate", "run/model.enrolled.onnx", "--data", "photos", "--json").out)
    assert (scored["accuracy"], set(scored["recall"])) == (1, {"red", "green", "blue"})
    assert synthda("enrol", "run", "--list").out.split() == ["class", "pictures", "blue", "1"]
    assert synthda("enrol", "run/model.enrolled.onnx", "--remove", "blue").code == 0
    assert "Nothing is enrolled" in synthda("enrol", "run", "--list").out


def test_more_is_added_to_what_is_enrolled_and_nothing_is_overwritten_by_chance(synthda, colour_model, tmp_path):
    even(tmp_path / "icons" / "blue.png", "blue")
    even(tmp_path / "more" / "white" / "a.png", "white")
    assert synthda("enrol", "run", "icons").code == 0
    refused = synthda("enrol", "run", "more")
    assert refused.code == 2
    assert "run/model.enrolled.onnx exists; add to it with: synthda enrol" in refused.err
    assert synthda("enrol", "run/model.enrolled.onnx", "more").code == 0
    listed = json.loads(synthda("enrol", "run", "--list", "--json").out)["enrolled"]
    assert [one["name"] for one in listed] == ["blue", "white"]


def test_a_warning_where_new_classes_take_what_is_known(synthda, colour_model, tmp_path):
    even(tmp_path / "icons" / "crimson.png", "red", shade=10)
    assert "That is much" in synthda("enrol", "run", "icons").err


def test_images_of_known_classes_are_called_as_they_were_given(synthda, colour_model, tmp_path):
    even(tmp_path / "icons" / "blue.png", "blue")
    for name in ("red", "green"):
        even(tmp_path / "shop" / f"{name}.png", name)
    assert (
        "Of the 2 images in shop, 0.0% get a new class now." in synthda("enrol", "run", "icons", "--known", "shop").out
    )


def test_a_flat_folder_of_numbered_pictures_is_warned_of(synthda, colour_model, tmp_path):
    for number in range(7):
        even(tmp_path / "photos" / f"IMG_{number:04}.png", "blue", shade=number)
    done = synthda("enrol", "run", "photos")
    assert done.code == 0
    assert "7 pictures became 7 classes (IMG_0000, IMG_0001, IMG_0002 …). For one class, put them into a" in done.err
    (tmp_path / "icons").mkdir()
    (tmp_path / "photos").rename(tmp_path / "icons" / "blue")
    assert "pictures became" not in synthda("enrol", "run", "icons", "--force").err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run"], "Give PICTURES of new classes, --remove CLASS or --list."),
        (["run", "icons", "--list"], "Give only one of PICTURES, --remove CLASS and --list."),
        (["run", "empty"], "There is no picture in empty"),
        (["run", "nowhere"], "no file or folder nowhere"),
        (["run", "twice"], "has blue.jpg and blue.png for one class 'blue'"),
        (["run", "broken"], "No picture of blue can be read"),
        (["run/model.onnx", "--remove", "blue"], "blue is not enrolled in run/model.onnx; enrolled are: none"),
        (["run", "--remove", "blue"], "Nothing is enrolled in run; add classes with: synthda enrol run PICTURES"),
        (["run", "--list"], "Nothing is enrolled in run; add classes with: synthda enrol run PICTURES"),
        (["icons/blue.png", "icons"], "is not a model that synthda exported"),
    ],
)
def test_what_cannot_be_enrolled_is_one_sentence(synthda, colour_model, tmp_path, arguments, sentence):
    (tmp_path / "empty").mkdir()
    for name in ("icons/blue.png", "twice/blue.png", "twice/blue.jpg"):
        even(tmp_path / name, "blue")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "blue.png").write_bytes(b"")
    failed = synthda("enrol", *arguments)
    assert failed.code == 2
    assert sentence in failed.err
    assert not (tmp_path / "run" / "model.enrolled.onnx").exists()


def test_torch_is_never_imported(colour_model, tmp_path):
    even(tmp_path / "icons" / "blue.png", "blue")
    program = (
        "import sys; from synthda.cli.app import app; app(['enrol', 'run', 'icons'], standalone_mode=False);"
        "sys.exit('torch' in sys.modules)"
    )
    inherited = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=inherited, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
