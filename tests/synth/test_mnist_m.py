from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synthda.datasets.domain import ArrayImages, content_hashes
from synthda.errors import DataError, SettingError
from synthda.synth.mnist_m import MnistM
from synthda.synth.photographs import split_of
from synthda.synth.renderer import render_rows, sample_block


def renderer(root: Path, photographs: Path, **settings: object) -> MnistM:
    return MnistM(digits=str(root), backgrounds=str(photographs), **settings)  # type: ignore[arg-type]


def original(root: Path, stem: str = "train") -> np.ndarray:
    content = np.fromfile(root / "MNIST" / "raw" / f"{stem}-images-idx3-ubyte", np.uint8)
    return content[16:].reshape(-1, 28, 28)


def test_each_pixel_is_the_distance_of_ink_and_photograph(mnist_root: Path, photographs: Path) -> None:
    blend = renderer(mnist_root, photographs)
    scenes, images = render_rows(blend, 3, 40)
    for scene, image in zip(scenes, images, strict=True):
        photo = np.asarray(Image.open(photographs / blend.tables["photo"][scene["photo"]])).astype(int)
        x, y = scene["crop_x"], scene["crop_y"]
        ink = original(mnist_root)[scene["digit"]].astype(int)
        assert (image == abs(ink[:, :, None] - photo[y : y + 28, x : x + 28])).all()


def test_a_bright_photograph_behind_a_dark_ink_does_not_wrap_around(tmp_path: Path, photographs: Path) -> None:
    raw = tmp_path / "one" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    header = np.array([2051, 1, 28, 28], ">i4").tobytes()
    (raw / "train-images-idx3-ubyte").write_bytes(header + bytes([10] * 784))
    (raw / "train-labels-idx1-ubyte").write_bytes(np.array([2049, 1], ">i4").tobytes() + bytes([7]))
    white = tmp_path / "white" / "train"
    white.mkdir(parents=True)
    (tmp_path / "white" / "test").mkdir()
    Image.new("RGB", (30, 30), (255, 9, 10)).save(white / "a.png")
    scenes, images = render_rows(renderer(tmp_path / "one", tmp_path / "white"), 0, 5)
    assert (images == (245, 1, 0)).all()  # |10 − 255|, |10 − 9|, |10 − 10|; uint8 would give 11
    assert (scenes["label"] == 7).all()


def test_a_binary_digit_is_the_inverse_of_the_photograph_or_the_photograph(mnist_root: Path, photographs: Path) -> None:
    grey = renderer(mnist_root, photographs)
    binary = renderer(mnist_root, photographs, style="binary", threshold=100)
    scenes = sample_block(grey, 0, 0)
    photos = [np.asarray(Image.open(photographs / name)) for name in grey.tables["photo"]]
    for scene, image in zip(scenes[:9], binary.render(scenes[:9]), strict=True):
        x, y = scene["crop_x"], scene["crop_y"]
        crop = photos[scene["photo"]][y : y + 28, x : x + 28]
        ink = original(mnist_root)[scene["digit"]] > 100
        assert (image[ink] == 255 - crop[ink]).all()
        assert (image[~ink] == crop[~ink]).all()


def test_a_row_alone_gives_the_pixels_it_gives_in_its_block(mnist_root: Path, photographs: Path) -> None:
    blend = renderer(mnist_root, photographs, size=32, margin=2)
    scenes, images = render_rows(blend, 1, 20)
    for row in range(20):
        assert (blend.render(scenes[row : row + 1])[0] == images[row]).all()


def test_large_images_are_blended_a_few_at_a_time(mnist_root: Path, photographs: Path) -> None:
    blend = renderer(mnist_root, photographs, size=40)
    scenes = np.repeat(sample_block(blend, 0, 0), 8)
    pixels = len(scenes) * 40 * 40 * 3
    blend.render(scenes[:1])
    tracemalloc.start()
    images = blend.render(scenes)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert images.nbytes == pixels
    assert peak < 1.5 * pixels  # with the ink of all beside them it would be more than twice as much


def test_training_and_test_images_share_neither_photographs_nor_digits(mnist_root: Path, photographs: Path) -> None:
    train, test = (renderer(mnist_root, photographs, split=split) for split in ("train", "test"))
    used = [set(blend.tables["photo"]) for blend in (train, test)]
    assert used[0]
    assert used[1]
    assert not used[0] & used[1]
    assert len(used[0] | used[1]) == 24
    assert not set(train.inputs.values()) & set(test.inputs.values())
    assert sample_block(train, 0, 0)["digit"].max() < 30
    assert sample_block(test, 0, 0)["digit"].max() < 20


def test_labels_are_those_of_the_digits(mnist_root: Path, photographs: Path) -> None:
    scenes = sample_block(renderer(mnist_root, photographs), 5, 2)
    assert (scenes["label"] == scenes["digit"] % 10).all()


def test_crops_are_taken_along_the_whole_of_a_photograph(mnist_root: Path, tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / "long" / split).mkdir(parents=True)
    for size in ((30, 200), (200, 30)):
        Image.new("RGB", size).save(tmp_path / "long" / "train" / f"{size[0]}.png")
    blend = renderer(mnist_root, tmp_path / "long")
    scenes = sample_block(blend, 0, 0)
    tall = scenes["photo"] == blend.tables["photo"].index("train/30.png")
    for along, across, shown in (("crop_y", "crop_x", tall), ("crop_x", "crop_y", ~tall)):
        assert 150 < scenes[along][shown].max() <= 200 - 28
        assert scenes[across][shown].max() == 30 - 28


def test_the_margin_shows_the_photograph(mnist_root: Path, photographs: Path) -> None:
    scenes, images = render_rows(renderer(mnist_root, photographs, size=32, margin=2), 0, 8)
    plain = renderer(mnist_root, photographs, size=32, margin=2)
    photos = [np.asarray(Image.open(photographs / name)) for name in plain.tables["photo"]]
    for scene, image in zip(scenes, images, strict=True):
        x, y = scene["crop_x"], scene["crop_y"]
        assert (image[:2] == photos[scene["photo"]][y : y + 2, x : x + 32]).all()
    assert images.shape == (8, 32, 32, 3)


def test_class_folders_of_digits_may_stand_in_for_mnist(tmp_path: Path, photographs: Path) -> None:
    for label in ("3", "8"):
        (tmp_path / "own" / label).mkdir(parents=True)
        Image.new("L", (50, 50), 20 * int(label)).save(tmp_path / "own" / label / "a.png")
    blend = renderer(tmp_path / "own", photographs)
    assert blend.classes == ("3", "8")
    assert render_rows(blend, 0, 4)[1].shape == (4, 28, 28, 3)


def test_digits_of_ones_own_are_divided_by_what_they_show(tmp_path: Path, photographs: Path) -> None:
    rng = np.random.default_rng(3)
    for name in "01":
        (tmp_path / "own" / name).mkdir(parents=True)
    for number in range(60):
        image = Image.fromarray(rng.integers(0, 256, (28, 28), dtype=np.uint8))
        for copy in ("a", "b"):
            image.save(tmp_path / "own" / str(number % 2) / f"{number}{copy}.png")
    digits = [renderer(tmp_path / "own", photographs, split=split)._digits.images for split in ("train", "test")]
    train, test = ({image.tobytes() for image in part} for part in digits)
    assert not train & test
    assert len(train) + len(test) == 60
    assert 4 < len(test) < 24
    assert [len(part) for part in digits] == [2 * len(train), 2 * len(test)]


def test_a_single_digit_is_too_few_for_both_splits(tmp_path: Path, photographs: Path) -> None:
    (tmp_path / "one" / "7").mkdir(parents=True)
    Image.new("L", (28, 28)).save(tmp_path / "one" / "7" / "a.png")

    def classes(split: str) -> tuple[str, ...]:
        return renderer(tmp_path / "one", photographs, split=split).classes

    (content,) = content_hashes(ArrayImages(np.zeros((1, 28, 28, 3), np.uint8)))
    other = "train" if split_of(content) == "test" else "test"
    assert classes(split_of(content)) == ("7",)
    with pytest.raises(DataError, match=f"has no image for the {other} split; give more labelled digits"):
        classes(other)


def test_a_pickled_renderer_brings_what_it_has_loaded(
    mnist_root: Path, photographs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blend = renderer(mnist_root, photographs)
    scenes, images = render_rows(blend, 0, 3)
    pickled = pickle.dumps(blend)
    monkeypatch.setattr("synthda.synth.mnist_m.load_photographs", None)
    monkeypatch.setattr("synthda.synth.mnist_m._load_digits", None)
    assert (pickle.loads(pickled).render(scenes) == images).all()


def test_no_background_folder_is_answered_with_the_option_to_give(mnist_root: Path) -> None:
    with pytest.raises(SettingError, match="--backgrounds"):
        MnistM(digits=str(mnist_root)).sample(np.random.default_rng(0), 1)


def test_a_folder_without_digits_is_refused(tmp_path: Path, photographs: Path) -> None:
    with pytest.raises(DataError):
        renderer(tmp_path / "nowhere", photographs).sample(np.random.default_rng(0), 1)


def test_a_margin_that_leaves_no_digit_is_refused() -> None:
    with pytest.raises(SettingError, match="margin accepts 0…10"):
        MnistM(margin=12)
