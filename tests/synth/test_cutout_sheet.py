"""Cut-outs as PNG files: none is lost, neither to another of nearly its name nor where a person corrected it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synthda.errors import DataError
from synthda.synth.assortment import Product
from synthda.synth.cutout_sheet import write_pngs


def products(*names: str) -> list[Product]:
    """Each of another grey."""
    images = (np.full((5, 4, 4), 10 * (1 + place), np.uint8) for place in range(len(names)))
    return [Product(image, name, name, "", True) for image, name in zip(images, names, strict=True)]


def greys(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): np.asarray(Image.open(path)).max() for path in folder.rglob("*.png")}


def test_an_interrupted_call_given_again_writes_the_rest(tmp_path: Path) -> None:
    write_pngs(products("a.jpg", "b/x.png"), tmp_path / "cut")
    (tmp_path / "cut" / "c.png.writing").write_bytes(b"half")
    kept = (tmp_path / "cut" / "a.png").stat().st_mtime_ns
    write_pngs(products("a.jpg", "b/x.png", "c.png"), tmp_path / "cut")
    assert greys(tmp_path / "cut") == {"a.png": 10, "b/x.png": 20, "c.png": 30}
    assert (tmp_path / "cut" / "a.png").stat().st_mtime_ns == kept


def test_a_folder_with_a_cut_out_that_was_corrected_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    write_pngs(products("a.jpg", "b.jpg"), tmp_path / "cut")
    Image.new("RGBA", (4, 5), (99, 99, 99, 99)).save(tmp_path / "cut" / "b.png")
    with pytest.raises(DataError, match=r"b\.png is not what would be written, .* would be lost"):
        write_pngs(products("a.jpg", "b.jpg", "c.jpg"), tmp_path / "cut")
    assert greys(tmp_path / "cut") == {"a.png": 10, "b.png": 99}


@pytest.mark.parametrize("name", ["notes.txt", "deep/er/old.png"])
def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "cut" / name).parent.mkdir(parents=True)
    (tmp_path / "cut" / name).touch()
    with pytest.raises(DataError, match="give an empty folder"):
        write_pngs(products("a.jpg"), tmp_path / "cut")
    with pytest.raises(DataError, match="give an empty folder"):
        write_pngs(products("a.jpg"), tmp_path / "cut" / name)


def test_pictures_of_one_class_have_names_that_differ_in_more_than_case(tmp_path: Path) -> None:
    names = [f"pear/{name}" for name in ("a.jpg", "a.png", "A.jpg", "A.JPG", "a.png.png", "b.jpg")]
    write_pngs(products(*names), tmp_path / "cut")
    found = greys(tmp_path / "cut")
    assert sorted(found.values()) == [10, 20, 30, 40, 50, 60]
    assert len({name.casefold() for name in found}) == 6
    assert found["pear/a.png"] == 10


def test_two_classes_that_would_be_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.png and another template differ only in case"):
        write_pngs(products("A.jpg", "a.png"), tmp_path / "cut")
    assert not (tmp_path / "cut").exists()
