"""Eight bits: the same classifier but for a few images, a smaller file, and no name for one that answers otherwise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from toy import domain

import synthda
from synthda.adapt import int8
from synthda.adapt.evaluate import evaluate
from synthda.adapt.int8 import export_int8
from synthda.adapt.predict import Classifier
from synthda.datasets.domain import ArrayImages, in_memory
from synthda.errors import DataError, RunError


@pytest.fixture(scope="session")
def small(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy model in 8 bits, with its parity.int8.json beside it; it is not to be changed."""
    path = tmp_path_factory.mktemp("int8") / "model.int8.onnx"
    export_int8(model, domain(64).images, path, labelled=domain(50, seed=6, target=True))
    return path


def test_it_answers_nearly_as_the_model_does(model: Path, small: Path) -> None:
    images = domain(200, seed=9, target=True).images
    expected, found = Classifier(model).of_domain(images), Classifier(small).of_domain(images)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.95
    assert 0 < np.abs(found - expected).mean() < 0.05


def test_it_says_of_itself_what_the_model_says_and_that_it_is_smaller(model: Path, small: Path) -> None:
    given, made = Classifier(model), Classifier(small)
    assert given.metadata.items() <= made.metadata.items()
    assert (made.metadata["precision"], made.metadata["calibrated_on"]) == ("int8", "32")
    assert (made.classes, made.input_size, made.fit) == (given.classes, given.input_size, given.fit)
    assert made.feature_dim == given.feature_dim == 16
    onnx.checker.check_model(onnx.load(small))


def test_every_layer_has_weights_of_7_bits_and_nothing_before_the_first_is_rounded(small: Path) -> None:
    graph = onnx.load(small).graph
    weights = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    restored = {node.output[0]: weights.get(node.input[0]) for node in graph.node if node.op_type == "DequantizeLinear"}
    layers = [node for node in graph.node if node.op_type in int8.LAYERS]
    assert len(layers) == 5  # of conv-small
    for layer in layers:
        kernel = restored[layer.input[1]]
        assert kernel is not None
        assert kernel.dtype == np.int8
        assert np.abs(kernel.astype(int)).max() <= 64
    first = next(place for place, node in enumerate(graph.node) if node.op_type == "QuantizeLinear")
    before = [node.op_type for node in graph.node[:first] if node.op_type != "DequantizeLinear"]
    assert before == ["Transpose", "Cast", "Div", "Sub", "Div"]


def test_accuracy_and_agreement_are_written_beside_it(model: Path, small: Path) -> None:
    parity = json.loads((small.parent / "parity.int8.json").read_text(encoding="utf-8"))
    assert sorted(os.listdir(small.parent)) == ["model.int8.onnx", "parity.int8.json"]
    assert (parity["calibrated_on"], parity["images"]) == (32, 32)
    others = in_memory(domain(64).images)[1::2]
    classes = [Classifier(path).probabilities(others).argmax(axis=1) for path in (model, small)]
    assert parity["same_class"] == (classes[0] == classes[1]).mean()
    labelled = domain(50, seed=6, target=True)
    for name, path in (("float", model), ("int8", small)):
        scored = evaluate(Classifier(path).of_domain(labelled.images), labelled.labels, labelled.classes)
        assert parity["accuracy"][name] == scored.accuracy
        assert parity["bytes"][name] == path.stat().st_size
    assert parity["bytes"]["int8"] < parity["bytes"]["float"]
    features = [Classifier(path).features(others).astype(np.float64) for path in (model, small)]
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in features]
    assert parity["features"]["mean_cosine"] == pytest.approx((unit[0] * unit[1]).sum(axis=1).mean(), abs=1e-5)
    assert parity["features"]["mean_cosine"] > 0.95


def test_a_model_that_answers_otherwise_gets_no_name(model: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(int8, "_compare", lambda *given: {"images": 32, "same_class": 0.875})
    with pytest.raises(RunError, match=r"another class to 4 of 32 images, more than 10%; nothing was written\. Use"):
        export_int8(model, domain(64).images, tmp_path / "small.onnx")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("n", "side"), [(15, 16), (64, 8)], ids=["few images", "another size"])
def test_images_that_do_not_fit_are_told(model: Path, tmp_path: Path, n: int, side: int) -> None:
    images = ArrayImages(np.random.default_rng(0).integers(0, 256, (n, side, side, 3), dtype=np.uint8))
    with pytest.raises(
        RunError, match=rf"on 16 different images or more of \(16, 16\) pixels; given {n} of \({side}, {side}\)"
    ):
        export_int8(model, images, tmp_path / "small.onnx")


def test_labels_of_other_classes_are_told_before_the_work(model: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delattr(int8, "quantise")
    foreign = domain(4)
    object.__setattr__(foreign, "classes", ("cat", "dog"))
    with pytest.raises(DataError, match="cat, dog"):
        export_int8(model, domain(64).images, tmp_path / "small.onnx", labelled=foreign)


def test_what_is_no_model_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not onnx")
    with pytest.raises(RunError, match="is not a model that synthda exported"):
        export_int8(tmp_path / "model.onnx", domain(64).images, tmp_path / "small.onnx")


def test_no_torch_is_needed(model: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "sample.npy", in_memory(domain(64).images))
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from synthda.adapt.int8 import export_int8\n"
        "from synthda.datasets.domain import ArrayImages\n"
        "export_int8(Path(sys.argv[1]), ArrayImages(np.load('sample.npy')), Path('small.onnx'))\n"
    )
    found = os.environ | {"PYTHONPATH": str(Path(synthda.__file__).parent.parent)}
    command = [sys.executable, "-c", program, str(model)]
    done = subprocess.run(command, cwd=tmp_path, env=found, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "small.onnx").exists()


def test_copies_neither_calibrate_nor_are_compared(model: Path, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (31, 16, 16, 3), dtype=np.uint8)
    parity = export_int8(model, ArrayImages(np.resize(images, (256, 16, 16, 3))), tmp_path / "small.onnx")
    assert (parity["calibrated_on"], parity["images"]) == (16, 15)
