"""Boxes: read from COCO and CSV, cut from the upright photograph at full resolution, clipped, and never beyond it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synthda.datasets.boxes import Boxed, read_boxes, read_crops
from synthda.datasets.photos import read_photo
from synthda.datasets.resize import Fit
from synthda.errors import DataError

COCO = {
    "images": [{"id": 7, "file_name": "a.png"}, {"id": 8, "file_name": "below/b.png"}],
    "annotations": [
        {"id": 1, "image_id": 8, "bbox": [1, 2, 3, 4]},
        {"id": 2, "image_id": 7, "bbox": [0, 0, 5.5, 6]},
        {"id": 3, "image_id": 8, "bbox": [5, 6, 7, 8]},
    ],
}


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Two photographs, 40×20, of which every pixel has a colour of its own."""
    (tmp_path / "shelf" / "below").mkdir(parents=True)
    for name in ("a.png", "below/b.png"):
        Image.fromarray(pixels()).save(tmp_path / "shelf" / name)
    return tmp_path / "shelf"


def pixels() -> np.ndarray:
    down, across = np.indices((20, 40))
    return np.stack([across * 6, down * 12, np.full((20, 40), 90)], axis=2).astype(np.uint8)


def written(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_coco_and_csv_say_the_same(shelf: Path, tmp_path: Path) -> None:
    table = "label,path,x,y,w,h\nq,below/b.png,1,2,3,4\nq,a.png,0,0,5.5,6\nq,below/b.png,5,6,7,8\n"
    expected = [
        Boxed(shelf / "below" / "b.png", ((1, 2, 3, 4), (5, 6, 7, 8))),
        Boxed(shelf / "a.png", ((0, 0, 5.5, 6),)),
    ]
    assert read_boxes(written(tmp_path / "boxes.json", COCO), shelf) == expected
    assert read_boxes(written(tmp_path / "boxes.csv", table), shelf) == expected


def test_a_crop_is_the_pixels_of_its_box(shelf: Path) -> None:
    first, second = read_crops(shelf / "a.png", [(0, 0, 40, 20), (8, 4, 10, 12)], (12, 10))
    assert not isinstance(first, str)
    np.testing.assert_array_equal(second, pixels()[4:16, 8:18])


def test_a_box_beyond_the_photograph_is_clipped_and_an_empty_one_told(shelf: Path) -> None:
    boxes = [(-5, -5, 15, 15), (30, 10, 50, 50), (40, 0, 5, 5), (3, 3, 0, 9), (9, 9, -4, 2)]
    upper, lower, *empty = read_crops(shelf / "a.png", boxes, (10, 10))
    np.testing.assert_array_equal(upper, pixels()[:10, :10])
    np.testing.assert_array_equal(lower, pixels()[10:, 30:])
    assert empty[0] == "nothing of the box 40,0,5,5 lies in its 40 × 20 pixels"
    assert all(isinstance(one, str) for one in empty)


def test_a_box_of_no_width_that_a_float_can_hold_is_told(shelf: Path) -> None:
    (told,) = read_crops(shelf / "a.png", [(0, 0, 5e-324, 5)], (4, 4), "crop")
    assert str(told).startswith("nothing of the box")


def test_boxes_are_of_the_upright_photograph(tmp_path: Path) -> None:
    turned = Image.fromarray(pixels()).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned right by 90°
    turned.save(tmp_path / "phone.png", exif=exif)
    (crop,) = read_crops(tmp_path / "phone.png", [(8, 4, 10, 12)], (12, 10))
    np.testing.assert_array_equal(crop, pixels()[4:16, 8:18])


def test_crops_of_a_large_jpeg_have_its_full_resolution(tmp_path: Path) -> None:
    """Stripes of a pixel: at half its size the photograph would be even grey."""
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(tmp_path / "large.jpg", quality=100, subsampling=0)
    (crop,) = read_crops(tmp_path / "large.jpg", [(512, 512, 16, 16)], (16, 16))
    assert not isinstance(crop, str)
    assert crop[:, ::2].min() > 230
    assert crop[:, 1::2].max() < 25
    part = read_photo(tmp_path / "large.jpg", (16, 16), box=(0.5, 0.5, 0.515625, 0.515625))
    np.testing.assert_array_equal(part, crop)


@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
def test_the_fit_is_that_of_everywhere(shelf: Path, fit: Fit) -> None:
    photo, size = shelf / "a.png", (16, 16)
    whole, part = read_crops(photo, [(0, 0, 40, 20), (4, 8, 20, 10)], size, fit)
    np.testing.assert_array_equal(whole, read_photo(photo, size, fit))
    np.testing.assert_array_equal(part, read_photo(photo, size, fit, box=(0.1, 0.4, 0.6, 0.9)))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("b.txt", "", "no known suffix; give COCO's .json, or .csv"),
        ("b.csv", "path,x,y\na.png,1,2\n", "its first line lacks w, h"),
        ("b.csv", "path,x,y,w,h\na.png,1,2,3,wide\n", "line 2 has .*'wide'.* which are not four numbers"),
        ("b.csv", "path,x,y,w,h\na.png,1,2,3\n", "line 2 has .*which are not four numbers"),
        ("b.csv", "path,x,y,w,h\na.png,1,2,3,nan\n", "not four numbers"),
        ("b.json", COCO | {"annotations": [{"image_id": 7, "bbox": [1, 2, 3, 10**400]}]}, "not four numbers"),
        ("b.csv", "x,y,w,h,path\n1,2,3,4\n", "line 2 names no file"),
        ("b.csv", "path,x,y,w,h\n", "There is no box in"),
        ("b.json", "12", "it is no JSON object"),
        ("b.json", '[{"image_id": 1, "bbox": [1, 2, 3, 4]}]', "names no files; it needs `images` and `annotations`"),
        ("b.json", "{", "cannot be read"),
        ("b.json", {"images": []}, "it lacks 'annotations'"),
        ("b.json", COCO | {"images": []}, "annotation 1 is of image 8, which is not listed"),
        ("b.json", COCO | {"annotations": [{"image_id": 7, "bbox": [1, 2]}]}, "annotation 1 has no x, y, w, h"),
        ("b.csv", "path,x,y,w,h\n../secret.png,1,2,3,4\n", r"names \.\./secret\.png, which is not in"),
        ("b.csv", "path,x,y,w,h\n/etc/passwd,1,2,3,4\n", "names /etc/passwd, which is not in"),
    ],
)
def test_what_is_no_list_of_boxes_is_one_sentence(
    shelf: Path, tmp_path: Path, name: str, content: object, said: str
) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read_boxes(written(tmp_path / name, content), shelf)
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match=r"cannot be read \(No such file or directory\)|no known suffix"):
        read_boxes(tmp_path / f"missing{Path(name).suffix}", shelf)


def test_one_photograph_takes_its_own_boxes_and_no_other_s(shelf: Path, tmp_path: Path) -> None:
    (only,) = read_boxes(written(tmp_path / "b.csv", "path,x,y,w,h\na.png,1,2,3,4\n"), shelf / "a.png")
    assert only.path == shelf / "a.png"
    with pytest.raises(DataError, match=r"also names below/b\.png"):
        read_boxes(written(tmp_path / "b.json", COCO), shelf / "a.png")
