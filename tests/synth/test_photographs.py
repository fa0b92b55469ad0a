from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synthda.errors import DataError
from synthda.synth.photographs import crop, load_photographs, split_of, zooms
from synthda.synth.renderer import columns


def test_train_and_test_sub_folders_are_taken_at_their_word(photographs: Path) -> None:
    for split, number in (("train", "00"), ("test", "01")):
        (photographs / split).mkdir()
        shutil.move(photographs / f"{number}.png", photographs / split / f"{number}.png")
    assert load_photographs(photographs, split="train").names == ("train/00.png",)
    assert load_photographs(photographs, split="test").names == ("test/01.png",)


def test_a_copy_under_another_name_stays_on_its_side(photographs: Path) -> None:
    before = set(load_photographs(photographs, split="test").hashes)
    for path in list(photographs.glob("*.png")):
        shutil.copy(path, photographs / f"copy-of-{path.name}")
    load_photographs.cache_clear()
    assert set(load_photographs(photographs, split="test").hashes) == before
    assert before.isdisjoint(load_photographs(photographs, split="train").hashes)


def test_about_one_in_five_hashes_falls_to_the_test_split() -> None:
    assert 150 < sum(split_of(f"{number * 2654435761 % 2**32:08x}") == "test" for number in range(1000)) < 250


def test_photographs_stand_in_the_order_of_their_contents_whatever_they_are_called(photographs: Path) -> None:
    before = load_photographs(photographs)
    assert before.hashes == tuple(sorted(before.hashes))
    for path in list(photographs.glob("*.png")):
        path.rename(photographs / f"{99 - int(path.stem)}.png")
    load_photographs.cache_clear()
    again = load_photographs(photographs)
    assert again.hashes == before.hashes
    assert all((one == other).all() for one, other in zip(again.images, before.images, strict=True))


@pytest.mark.parametrize(("x", "y", "left", "top"), [(0, 0, 0, 0), (1, 0, 20, 0), (0, 1, 0, 8), (0.5, 0.5, 10, 4)])
def test_a_crop_lies_where_its_row_says(x: float, y: float, left: int, top: int) -> None:
    down, across = np.indices((40, 52))
    photograph = np.stack([across, down, 0 * down], axis=2).astype(np.uint8)
    scene = np.array([(x, y, 1)], columns(photo_x="f4", photo_y="f4", photo_zoom="f4"))[0]
    np.testing.assert_array_equal(crop(photograph, scene, 32), photograph[top : top + 32, left : left + 32])


def test_a_broken_photograph_is_skipped_and_named(photographs: Path) -> None:
    (photographs / "05.png").write_bytes((photographs / "05.png").read_bytes()[:500])
    loaded = load_photographs(photographs)
    assert len(loaded) == 23
    assert len(loaded.skipped) == 1
    assert "05.png" in loaded.skipped[0]


def test_what_cannot_be_read_is_skipped_for_its_true_reason(photographs: Path) -> None:
    (photographs / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 100)
    (photographs / "b.png").touch()
    told = [line.partition(": ")[2] for line in load_photographs(photographs).skipped]
    assert sorted(told) == ["HEIC files are not read, JPEG and PNG are", "the file is empty"]


def test_a_small_photograph_is_enlarged_to_the_size_asked_for(photographs: Path) -> None:
    assert load_photographs(photographs, at_least=80).shapes.min() == 80


def test_a_large_photograph_is_reduced(tmp_path: Path) -> None:
    Image.new("RGB", (2000, 1000)).save(tmp_path / "large.jpg")
    assert load_photographs(tmp_path).shapes.tolist() == [[320, 640]]


def test_a_link_to_nothing_is_skipped_and_named(photographs: Path) -> None:
    (photographs / "gone.png").symlink_to(photographs / "nowhere.png")
    loaded = load_photographs(photographs)
    assert len(loaded) == 24
    assert [line.partition(": ")[2] for line in loaded.skipped] == ["No such file or directory"]


def test_a_strip_that_would_take_any_memory_is_skipped_and_a_small_one_is_enlarged(tmp_path: Path) -> None:
    Image.new("RGB", (6000, 10)).save(tmp_path / "strip.png")
    Image.new("RGB", (100, 70)).save(tmp_path / "usual.png")
    loaded = load_photographs(tmp_path, at_least=1024)
    assert loaded.names == ("usual.png",)
    assert "it is 600 times as long as wide, too narrow for the frame" in loaded.skipped[0]
    load_photographs.cache_clear()
    assert len(load_photographs(tmp_path)) == 2


def test_large_frames_have_fewer_photographs(photographs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synthda.synth.photographs.MOST_BYTES", 5 * 40 * 60 * 3)
    assert len(load_photographs(photographs)) == 5


def test_the_side_of_a_crop_is_recorded_as_it_is_cut(photographs: Path) -> None:
    loaded = load_photographs(photographs)
    drawn, photo = np.array([1.2, 3.0, 3.0]), np.array([0, 1, -1], np.int32)
    assert zooms(drawn, photo, loaded, 32).tolist() == [1.2, 1.25, 3.0]  # the shorter side is 40 pixels
    assert zooms(drawn, photo, None, 32) is drawn


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_photographs_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="photographs"):
        load_photographs(tmp_path / name)
