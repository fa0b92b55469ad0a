from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from synthda.datasets.contact_sheet import SIDE, Tile, draw_sheet, evenly, thumbnail, tiles_of, write_sheet
from synthda.datasets.domain import ArrayImages, Domain
from synthda.errors import DataError


def domain_of(labels, classes, side=8):
    labels = np.array(labels, dtype=np.int64)
    images = np.repeat(np.arange(len(labels), dtype=np.uint8), side * side * 3).reshape(-1, side, side, 3)
    return Domain(ArrayImages(images), labels, classes)


def test_each_class_has_its_column():
    tiles, columns = tiles_of(domain_of([0, 1, 0, 1, 1, 0], ("a", "b")), rows=2)
    assert columns == 2
    assert [tile.caption for tile in tiles] == ["a", "b", "a", "b"]


def test_a_class_with_few_images_leaves_places_empty():
    tiles, _ = tiles_of(domain_of([0, 1, 1, 1], ("a", "b")), rows=3)
    assert [tile and tile.caption for tile in tiles] == ["a", "b", None, "b", None, "b"]


def test_with_many_classes_each_is_shown():
    labels = np.repeat(np.arange(43), 50)
    tiles, columns = tiles_of(domain_of(labels, tuple(map(str, range(43)))), rows=8)
    assert {tile.caption for tile in tiles} == set(map(str, range(43)))
    assert len(tiles) <= 8 * columns


def test_images_without_labels_are_spread_over_the_domain():
    tiles, _ = tiles_of(domain_of([-1] * 100, ()), rows=1)
    shown = [int(tile.image[0, 0, 0]) for tile in tiles]
    assert shown[0] == 0
    assert shown[-1] > 85
    assert [tile.caption for tile in tiles] == [str(row) for row in shown]


def test_evenly_never_takes_more_than_there_is():
    assert evenly(3, 10).tolist() == [0, 1, 2]
    assert evenly(10, 3).tolist() == [0, 3, 6]
    assert evenly(0, 3).tolist() == []


def test_small_images_are_enlarged_by_whole_factors_and_keep_their_colours():
    checks = np.indices((28, 28)).sum(0) % 2 * 255
    sheet = np.asarray(draw_sheet([Tile(np.repeat(checks[..., None], 3, 2).astype(np.uint8), "")]))
    dark = np.argwhere((sheet == 0).all(axis=2))
    height, width = dark.max(axis=0) - dark.min(axis=0) + 1
    assert height == width == 28 * (SIDE // 28)


def test_proportions_are_kept(tmp_path):
    Image.new("RGB", (200, 50), (10, 20, 30)).save(tmp_path / "wide.png")
    assert thumbnail(tmp_path / "wide.png").shape == (SIDE // 4, SIDE, 3)


def test_the_exif_orientation_counts_for_the_proportions(tmp_path):
    image = Image.new("RGB", (200, 50))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    assert thumbnail(tmp_path / "turned.jpg").shape == (SIDE, SIDE // 4, 3)


def test_long_captions_do_not_run_into_their_neighbours(tmp_path):
    tiles = [Tile(np.zeros((8, 8, 3), np.uint8), "a very long name of a class, far wider than a tile" * 3)] * 2
    write_sheet(tmp_path / "sheet.png", tiles, columns=2)
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert (sheet[:, 20 + SIDE + 3 : 20 + SIDE + 6] == 255).all()


def test_no_images_are_refused(tmp_path):
    with pytest.raises(DataError, match="no image"):
        write_sheet(tmp_path / "sheet.png", [])
