"""Enrolment: a class that training has not seen is recognised, the known ones stay, and any program runs the file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from halves import halves, halves_model
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from PIL import Image
from toy import save_images

from synthda.adapt.enrol import enrol, enrolled_in, remove
from synthda.adapt.int8 import export_int8
from synthda.adapt.predict import Classifier
from synthda.adapt.prototypes import Prototypes, Rows, fitted
from synthda.adapt.rejection import Rejection
from synthda.datasets.domain import in_memory
from synthda.errors import DataError, RunError, SettingError
from synthda.manifest import sha256_of


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows left, upper and right halves; it is not to be changed."""
    return halves_model(tmp_path_factory.mktemp("three"))


@pytest.fixture(scope="session")
def four(three: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the lower half enrolled from one picture."""
    folder = tmp_path_factory.mktemp("four")
    enrol(three, pictures_of(folder / "icons", lower=1), folder / "four.onnx")
    return folder / "four.onnx"


@pytest.fixture(scope="session")
def wary(three: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the threshold .99 below which the answer is `unknown`: .99 / 1.99 for every image."""
    folder, model = tmp_path_factory.mktemp("wary"), onnx.load(three)
    for node in model.graph.node:
        node.output[:] = ["known" if name == "probabilities" else name for name in node.output]
    beside, limit = np.eye(3, 4, dtype=np.float32) / 1.99, np.array([0, 0, 0, 0.99 / 1.99], np.float32)
    model.graph.initializer.extend([numpy_helper.from_array(beside, "beside"), numpy_helper.from_array(limit, "limit")])
    model.graph.node.append(helper.make_node("MatMul", ["known", "beside"], ["shared"]))
    model.graph.node.append(helper.make_node("Add", ["shared", "limit"], ["probabilities"]))
    (output,) = (each for each in model.graph.output if each.name == "probabilities")
    output.type.tensor_type.shape.dim[1].dim_value = 4
    (classes,) = (each for each in model.metadata_props if each.key == "classes")
    classes.value = json.dumps([*json.loads(classes.value), "unknown"])
    onnx.save(model, folder / "model.onnx")
    (folder / "sample.npy").write_bytes((three.parent / "sample.npy").read_bytes())
    return folder / "model.onnx"


@pytest.fixture
def weighed(monkeypatch: pytest.MonkeyPatch) -> list[NDArray[np.float64]]:
    """How much each image counts for each known class, noted whenever prototypes are made."""
    noted = list[NDArray[np.float64]]()

    def noting(features: Rows, weights: NDArray[np.float64], *, threshold: bool) -> tuple[Prototypes, list[int]]:
        noted.append(weights)
        return fitted(features, weights, threshold=threshold)

    monkeypatch.setattr("synthda.adapt.enrol.fitted", noting)
    return noted


def pictures_of(folder: Path, **counts: int) -> Path:
    shown = halves(80, seed=9)
    for name, count in counts.items():
        rows = shown.labels == shown.classes.index(name)
        save_images(folder / name, in_memory(shown.images)[rows][:count])
    return folder


def test_a_class_left_out_of_training_is_recognised_and_the_known_ones_stay(three: Path, four: Path) -> None:
    unseen = halves(300, seed=5, target=True)
    before, after = (Classifier(path).of_domain(unseen.images).argmax(axis=1) for path in (three, four))
    known, right = unseen.labels < 3, after == unseen.labels
    assert right[~known].mean() > 0.8
    assert right[known].mean() > (before == unseen.labels)[known].mean() - 0.02


def test_the_known_keep_their_proportions_in_the_graph_too(three: Path, four: Path) -> None:
    images = halves(60, seed=6, target=True).images
    before, after = Classifier(three).of_domain(images), Classifier(four).of_domain(images)
    np.testing.assert_allclose(after[:, :3], before * (1 - after[:, 3:]), atol=1e-5)
    assert after.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_the_file_says_what_it_knows_and_from_which_pictures(three: Path, four: Path) -> None:
    made = Classifier(four)
    assert made.classes == ("left", "upper", "right", "lower")
    assert made.feature_dim == Classifier(three).feature_dim
    (listed,) = enrolled_in(four)
    assert listed == {"name": "lower", "pictures": [sha256_of(four.parent / "icons" / "lower" / "000.png")]}
    assert json.loads(made.metadata["enrolled"])["of"] == sha256_of(three)
    parity = json.loads((four.parent / "four.parity.json").read_text())
    assert parity["largest_difference"] < 1e-4
    assert parity["different_classes"] == 0
    onnx.checker.check_model(onnx.load(four), full_check=True)
    assert enrolled_in(three) == []


def test_what_is_taken_out_leaves_the_model_as_it_was(three: Path, four: Path, tmp_path: Path) -> None:
    remove(four, ["lower"], tmp_path / "again.onnx")
    images = halves(40, seed=7).images
    np.testing.assert_array_equal(
        Classifier(tmp_path / "again.onnx").of_domain(images), Classifier(three).of_domain(images)
    )
    assert Classifier(tmp_path / "again.onnx").classes == ("left", "upper", "right")
    with pytest.raises(SettingError, match=r"lower is not enrolled in .*; enrolled are: none"):
        remove(tmp_path / "again.onnx", ["lower"], tmp_path / "more.onnx")


def test_one_after_the_other_is_both_at_once(three: Path, four: Path, tmp_path: Path) -> None:
    Image.new("RGB", (20, 20), (200, 30, 30)).save(tmp_path / "red.png")
    both = pictures_of(tmp_path / "both", lower=1)
    Image.new("RGB", (20, 20), (200, 30, 30)).save(both / "red.png")
    enrol(four, tmp_path / "red.png", tmp_path / "one.onnx")
    enrol(three, both, tmp_path / "two.onnx")
    assert Classifier(tmp_path / "one.onnx").classes == Classifier(tmp_path / "two.onnx").classes
    images = halves(30, seed=8).images
    one, two = (Classifier(tmp_path / name).of_domain(images) for name in ("one.onnx", "two.onnx"))
    np.testing.assert_allclose(one, two, atol=1e-5)


def test_pictures_of_every_known_class_need_no_other_images(three: Path, tmp_path: Path) -> None:
    folder = pictures_of(tmp_path / "icons", left=2, upper=2, right=2, lower=2)
    (tmp_path / "alone.onnx").write_bytes(three.read_bytes())
    done = enrol(tmp_path / "alone.onnx", folder, tmp_path / "all.onnx")
    assert (done.added, done.taken) == (["lower"], None)
    unseen = halves(200, seed=5)
    found = Classifier(tmp_path / "all.onnx").of_domain(unseen.images).argmax(axis=1)
    assert (found == unseen.labels).mean() > 0.9


def test_pictures_of_a_known_class_count_in_place_of_the_sample(
    three: Path, weighed: list[NDArray[np.float64]], tmp_path: Path
) -> None:
    enrol(three, pictures_of(tmp_path / "icons", left=1, lower=1), tmp_path / "out.onnx")
    (weights,) = weighed
    np.testing.assert_array_equal(weights[-5:], [[1, 0, 0]] * 5)  # what is seen of the picture
    chances = Classifier(three).probabilities(np.load(three.parent / "sample.npy"))
    np.testing.assert_allclose(weights[:-5], chances * [0, 1, 1], atol=1e-5)


def test_all_of_a_picture_and_its_corners_are_seen_and_nothing_mirrored(
    three: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stacks, features = list[NDArray[np.uint8]](), Classifier.features

    def noting(self: Classifier, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        stacks.append(images)
        return features(self, images)

    monkeypatch.setattr(Classifier, "features", noting)
    ramp = np.add.outer(np.arange(20, 100, 5), np.arange(0, 144, 9)).astype(np.uint8)
    both = np.stack([ramp, ramp - 20])[..., None].repeat(3, axis=3)
    save_images(tmp_path / "icons" / "ramp", both)
    enrol(three, tmp_path / "icons", tmp_path / "out.onnx")
    (stack,) = stacks
    np.testing.assert_array_equal(stack[::5], both)
    assert len(np.unique(stack, axis=0)) == len(stack) == 10
    assert all(np.diff(stack.astype(int), axis=axis).min() >= 0 for axis in (1, 2))  # still to the right and downwards


def test_under_a_threshold_each_image_counts_once_and_what_is_unknown_is_not_taken(
    wary: Path, weighed: list[NDArray[np.float64]], tmp_path: Path
) -> None:
    done = enrol(wary, pictures_of(tmp_path / "icons", lower=1), tmp_path / "out.onnx")
    assert json.loads(Classifier(done.path).metadata["enrolled"])["threshold"] is True
    (weights,) = weighed
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    answers = Classifier(done.path).probabilities(np.load(wary.parent / "sample.npy")).argmax(axis=1)
    assert done.taken == (answers == 3).mean() < 0.1 < (answers == 4).mean()


def test_without_any_image_of_the_known_classes_it_says_what_to_give(three: Path, tmp_path: Path) -> None:
    (tmp_path / "alone.onnx").write_bytes(three.read_bytes())
    with pytest.raises(RunError, match=r"no sample\.npy beside .*give such photographs with --known"):
        enrol(tmp_path / "alone.onnx", pictures_of(tmp_path / "icons", lower=1), tmp_path / "out.onnx")
    save_images(tmp_path / "photos", in_memory(halves(40, known=3).images))
    done = enrol(tmp_path / "alone.onnx", tmp_path / "icons", tmp_path / "out.onnx", known=str(tmp_path / "photos"))
    assert done.images == 40
    assert done.taken is not None
    assert done.taken < 0.1


def test_of_a_single_known_photograph_nothing_is_concluded_of_the_threshold(tmp_path: Path) -> None:
    """Its probability of `unknown` is that of all images looked at, and yet no constant."""
    model = halves_model(tmp_path, rejection=Rejection(1.0, 1.0, kept=0.95, images=0))
    for count in (1, 40):
        photos, out = tmp_path / f"known-{count}", tmp_path / f"{count}.onnx"
        save_images(photos, in_memory(halves(count, known=3).images))
        enrol(model, pictures_of(tmp_path / "icons", lower=1), out, known=str(photos))
        assert json.loads(Classifier(out).metadata["enrolled"])["threshold"] is False


def test_what_was_quantised_since_is_not_taken_apart(four: Path, tmp_path: Path) -> None:
    export_int8(four, halves(64).images, tmp_path / "four.int8.onnx")
    with pytest.raises(RunError, match="cannot be taken apart any more, as in 8 bits; enrol in the model that it was"):
        remove(tmp_path / "four.int8.onnx", ["lower"], tmp_path / "out.onnx")


def test_what_cannot_be_enrolled_is_one_sentence(three: Path, four: Path, tmp_path: Path) -> None:
    icons = pictures_of(tmp_path / "icons", lower=1)
    with pytest.raises(DataError, match=r"lower is enrolled in .* already; take it out first, with --remove"):
        enrol(four, icons, tmp_path / "out.onnx")
    with pytest.raises(DataError, match=r"was trained on every class in these pictures \(left\)"):
        enrol(three, pictures_of(tmp_path / "known", left=1), tmp_path / "out.onnx")
    more = pictures_of(tmp_path / "more", left=1)
    Image.new("RGB", (20, 20), (200, 30, 30)).save(more / "red.png")
    with pytest.raises(SettingError, match=r"Images of known classes \(left\) count when the first class"):
        enrol(four, more, tmp_path / "out.onnx")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "pear.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="No picture of pear can be read"):
        enrol(three, tmp_path / "bad", tmp_path / "out.onnx")
    old = onnx.load(three)
    del old.graph.output[1:]
    onnx.save(old, tmp_path / "old.onnx")
    with pytest.raises(RunError, match=r"old\.onnx gives no features.*synthda export RUN --force"):
        enrol(tmp_path / "old.onnx", icons, tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()
