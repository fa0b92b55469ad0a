"""Export: preprocessing in the graph, facts in the file, and no name for a model that disagrees."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from toy import CLASSES, domain

import synthda
from synthda.adapt import export, predict
from synthda.adapt.export import TOLERANCE, export_onnx
from synthda.adapt.infer import features, features_and_chances, probabilities
from synthda.adapt.method import Method
from synthda.adapt.predict import Classifier
from synthda.datasets.domain import ArrayImages, in_memory
from synthda.errors import RunError, SynthdaError


def test_the_model_answers_as_the_trained_network_does(model: Path, trained: Method) -> None:
    images = domain(50, seed=9, target=True).images
    found, expected = Classifier(model).of_domain(images), probabilities(trained, images)
    assert np.abs(found - expected).max() < TOLERANCE
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_it_takes_bytes_as_they_come_from_a_decoder_and_gives_chances(model: Path) -> None:
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    (taken,), given = session.get_inputs(), session.get_outputs()
    assert (taken.name, taken.type, taken.shape[1:]) == ("images", "tensor(uint8)", [16, 16, 3])
    outputs = [(one.name, one.type, one.shape[1:]) for one in given]
    assert outputs == [("probabilities", "tensor(float)", [2]), ("features", "tensor(float)", [16])]


def test_the_features_are_what_enters_the_label_predictor(model: Path, trained: Method) -> None:
    images = domain(50, seed=9, target=True).images
    classifier = Classifier(model)
    chances, found = classifier.probabilities_and_features(in_memory(images))
    np.testing.assert_allclose(found, features(trained, images), rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(found, classifier.features(in_memory(images)))
    np.testing.assert_array_equal(chances, classifier.probabilities(in_memory(images)))
    assert classifier.feature_dim == trained.network.feature_dim == 16


def without_features(model: Path, path: Path) -> Path:
    """As an earlier version exported."""
    changed = onnx.load(model)
    del changed.graph.output[1:]
    onnx.save(changed, path)
    return path


def test_a_model_of_an_earlier_version_predicts_and_says_what_it_lacks(model: Path, tmp_path: Path) -> None:
    earlier, images = Classifier(without_features(model, tmp_path / "old.onnx")), in_memory(domain(20).images)
    assert earlier.feature_dim is None
    assert earlier.probabilities(images) == pytest.approx(Classifier(model).probabilities(images), abs=1e-6)
    with pytest.raises(RunError, match=r"old\.onnx gives no features.*synthda export RUN --force"):
        earlier.features(images)


def test_whoever_asks_for_classes_alone_gets_no_features_computed(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    class Session:
        def run(self, outputs: list[str], given: Any) -> list[NDArray[np.float32]]:
            asked.append(outputs)
            return [np.zeros((len(given["images"]), 2), np.float32)]

    classifier = Classifier(model)
    monkeypatch.setattr(classifier, "_session", Session())
    classifier.of_domain(domain(20).images)
    assert asked == [["probabilities"]] * len(asked)


@pytest.mark.parametrize("n", [1, 2, 3, 17])
def test_any_number_of_images_goes_through_at_once(model: Path, n: int) -> None:
    images = in_memory(domain(17).images)
    classifier = Classifier(model)
    whole = classifier.probabilities(images)
    assert classifier.probabilities(images[:n]) == pytest.approx(whole[:n], abs=1e-5)


def test_large_images_pass_in_smaller_batches_with_the_same_answers(
    model: Path, trained: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [predict.at_once(side, side) for side in (32, 64, 224, 8192)] == [2048, 512, 41, 1]
    images = domain(17).images
    whole = Classifier(model).probabilities(in_memory(images)), probabilities(trained, images)
    monkeypatch.setattr(predict, "PIXELS", 5 * 16 * 16)
    split = Classifier(model).probabilities(in_memory(images)), probabilities(trained, images)
    for found, expected in zip(split, whole, strict=True):
        assert found == pytest.approx(expected, abs=1e-5)


def test_the_file_says_what_it_is(model: Path) -> None:
    classifier = Classifier(model)
    assert (classifier.classes, classifier.input_size, classifier.fit) == (CLASSES, (16, 16), "pad")
    facts = {"method": "dann", "network": "conv-small", "manifest": "f00d", "seed": "0", "synthda": synthda.__version__}
    assert facts.items() <= classifier.metadata.items()
    onnx.checker.check_model(onnx.load(model), full_check=True)


def test_the_comparison_is_written_beside_it(model: Path) -> None:
    parity = json.loads((model.parent / "parity.json").read_text(encoding="utf-8"))
    assert parity["images"] == 256
    assert parity["different_classes"] == 0
    assert 0 <= parity["largest_difference"] < parity["tolerance"] == 1e-4
    assert parity["features"]["width"] == 16
    assert 0 <= parity["features"]["largest_difference"] < parity["tolerance"]
    assert sorted(os.listdir(model.parent)) == ["model.onnx", "parity.json"]


@pytest.fixture
def ready_graph(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports write the graph that is already there: seconds saved in tests of what comes after."""
    monkeypatch.setattr(export, "_write_graph", lambda deployed, path, size, metadata: shutil.copy(model, path))


def again(trained: Method, path: Path, n: int = 256) -> dict[str, Any]:
    return export_onnx(trained, domain(n).images, path, classes=CLASSES, fit="pad", facts={})


@pytest.mark.usefixtures("ready_graph")
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda features, chances: (features, chances[:, ::-1]), "256 of 256 classes"),
        (lambda features, chances: (features, chances + np.float32(2e-4)), "0 of 256 classes"),
        (lambda features, chances: (features, np.full_like(chances, np.nan)), "largest difference nan"),
        (lambda features, chances: (features * np.float32(1.001), chances), "0 of 256 classes"),
        (
            lambda features, chances: (np.full_like(features, np.nan), chances),
            "0 of 256 classes, largest difference nan",
        ),
    ],
    ids=["other classes", "a little off", "no numbers", "other features", "no features"],
)
def test_a_model_that_disagrees_gets_no_name(
    trained: Method, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Any, said: str
) -> None:
    monkeypatch.setattr(export, "features_and_chances", lambda *given: wrong(*features_and_chances(*given)))
    with pytest.raises(RunError, match="disagrees with the trained network") as caught:
        again(trained, tmp_path / "model.onnx")
    assert said in str(caught.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.usefixtures("ready_graph")
def test_every_image_is_compared(trained: Method, tmp_path: Path) -> None:
    assert again(trained, tmp_path / "model.onnx", n=300)["images"] == 300


def test_a_comparison_on_few_images_is_refused(trained: Method, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="at least 256 images; given 255"):
        again(trained, tmp_path / "model.onnx", n=255)
    assert os.listdir(tmp_path) == []


@pytest.mark.usefixtures("ready_graph")
def test_a_full_disk_is_one_sentence_and_leaves_no_model(
    trained: Method, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(deployed: Any, path: Path, size: Any, metadata: Any) -> None:
        path.write_bytes(b"half a")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "_write_graph", full)
    with pytest.raises(SynthdaError, match=r"model\.onnx could not be written \(No space"):
        again(trained, tmp_path / "model.onnx")
    assert os.listdir(tmp_path) == []


@pytest.mark.usefixtures("ready_graph")
def test_models_in_one_folder_keep_their_comparisons(trained: Method, tmp_path: Path) -> None:
    for name in ("digits.onnx", "model.onnx", "models.onnx"):
        again(trained, tmp_path / name)
    written = {path.name for path in tmp_path.glob("*.json")}
    assert written == {"digits.parity.json", "parity.json", "models.parity.json"}


def test_images_of_another_size_are_refused(trained: Method, tmp_path: Path) -> None:
    images = ArrayImages(np.zeros((256, 8, 8, 3), np.uint8))
    with pytest.raises(RunError, match=r"takes images of \(16, 16\) pixels; given \(8, 8\)"):
        export_onnx(trained, images, tmp_path / "model.onnx", classes=CLASSES, fit="pad", facts={})


def test_a_model_whose_facts_do_not_fit_it_is_refused(model: Path, tmp_path: Path) -> None:
    for name, text in {"classes": '["a", "b", "c"]', "fit": "squeeze"}.items():
        changed = onnx.load(model)
        next(one for one in changed.metadata_props if one.key == name).value = text
        onnx.save(changed, tmp_path / "changed.onnx")
        with pytest.raises(RunError, match=r"is not a model that synthda exported \(it gives \[2\] for"):
            Classifier(tmp_path / "changed.onnx")


def foreign_model(path: Path, metadata: dict[str, str], taken: str = "images", kind: int = TensorProto.UINT8) -> Path:
    value = helper.make_tensor_value_info(taken, kind, ["n", 16, 16, 3])
    same = helper.make_tensor_value_info("same", kind, ["n", 16, 16, 3])
    graph = helper.make_graph([helper.make_node("Identity", [taken], ["same"])], "foreign", [value], [same])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    for name, text in metadata.items():
        made.metadata_props.add(key=name, value=text)
    onnx.save(made, path)
    return path


OURS = {"classes": '["a", "b"]', "input_size": "[16, 16]", "fit": "stretch"}


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {}},
        {"metadata": OURS | {"classes": "a, b"}},
        {"metadata": OURS | {"input_size": "16"}},
        {"metadata": OURS | {"input_size": "[8, 8]"}},
        {"metadata": OURS, "taken": "pixels"},
        {"metadata": OURS, "kind": TensorProto.FLOAT},
    ],
    ids=["no metadata", "classes", "size", "another size", "name of the input", "type of the input"],
)
def test_a_foreign_onnx_file_is_refused_in_one_sentence(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = foreign_model(tmp_path / "foreign.onnx", **changes)
    with pytest.raises(RunError, match=r"is not a model that synthda exported .* export one with") as caught:
        Classifier(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not onnx", b"\x08\x07" * 50])
def test_a_file_that_is_no_onnx_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(RunError, match="is not a model that synthda exported") as caught:
        Classifier(tmp_path / "model.onnx")
    assert "\n" not in str(caught.value)


def test_a_model_that_was_cut_off_is_refused(model: Path, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(model.read_bytes()[:-200])
    with pytest.raises(RunError, match="is not a model"):
        Classifier(tmp_path / "model.onnx")


def test_a_missing_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"holds neither a run nor .*; give the --out of synthda adapt"):
        Classifier(tmp_path / "model.onnx")
