from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from synthda.errors import DataError
from synthda.synth.assortment import MARGIN, RIM, SIDE, Picture, Product, load_products
from synthda.synth.cutout_sheet import on_checks, tiles, write_pngs


def save(
    path: Path, *, shape: str = "ellipse", colour: object = (200, 40, 30), size: tuple[int, int] = (90, 90)
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size, "white")
    getattr(ImageDraw.Draw(image), shape)((20, 10, size[0] - 21, size[1] - 11), fill=(200, 40, 30))
    image.save(path)


def test_classes_come_in_natural_order_from_files_or_from_folders(tmp_path: Path) -> None:
    for name in ("10.png", "2.jpg", "a.webp"):
        save(tmp_path / "files" / name)
        save(tmp_path / "folders" / name.partition(".")[0] / f"x{name}")
    for layout in ("files", "folders"):
        assert [product.class_name for product in load_products(tmp_path / layout)] == ["2", "10", "a"]


def test_a_product_is_cut_to_its_matte(tmp_path: Path) -> None:
    save(tmp_path / "box.png", shape="rectangle")
    (product,) = load_products(tmp_path)
    assert product.image.shape[:2] == (70, 50)
    assert not product.given
    assert product.extent == (50 / 70, 1)
    assert product.upright > 0.95


def test_every_size_of_a_picture_has_a_transparent_margin_all_around() -> None:
    for _, image in Picture(np.full((40, 30, 4), 255, np.uint8)).levels:
        inside = image[MARGIN:-MARGIN, MARGIN:-MARGIN, 3]
        assert inside.all()
        assert (image[..., 3] > 0).sum() == inside.size


def test_a_rim_is_as_deep_as_the_width_of_a_product_says_and_not_its_length() -> None:
    stick = Product(np.full((120, 30, 4), 200, np.uint8), "stick.png", "stick", "", given=True)
    rounded = stick.rounded.image
    deep = round(RIM * stick.axes[1] * 120)
    assert deep == 7
    assert (rounded[deep:-deep, deep:-deep, :3] == 200).all()
    assert (rounded[60, [0, -1], 0] < 160).all()
    assert (rounded[..., 3] == 200).all()


def test_large_pictures_are_reduced(tmp_path: Path) -> None:
    save(tmp_path / "big.png", size=(1200, 900))
    (product,) = load_products(tmp_path)
    assert max(product.image.shape[:2]) == SIDE
    assert max(side for side, _ in product.levels) == SIDE


def test_given_transparency_is_taken_as_it_is(tmp_path: Path) -> None:
    rgba = np.zeros((40, 60, 4), np.uint8)
    rgba[10:30, 5:55] = (250, 250, 250, 255)
    rgba[10:30, 30] = (250, 250, 250, 140)
    Image.fromarray(rgba).save(tmp_path / "white.png")
    (product,) = load_products(tmp_path)
    assert product.given
    np.testing.assert_array_equal(product.image, rgba[10:30, 5:55])


def test_a_pixel_that_is_nearly_opaque_is_no_matte(tmp_path: Path) -> None:
    """As resizing leaves it: the plain background is cut away all the same."""
    save(tmp_path / "box.png", shape="rectangle")
    rgba = np.array(Image.open(tmp_path / "box.png").convert("RGBA"))
    rgba[0, 0, 3] = 254
    Image.fromarray(rgba).save(tmp_path / "box.png")
    (product,) = load_products(tmp_path)
    assert not product.given
    assert product.image.shape[:2] == (70, 50)


def test_a_disc_is_not_upright_and_a_long_thing_has_its_direction(tmp_path: Path) -> None:
    save(tmp_path / "disc.png", size=(90, 70))
    save(tmp_path / "long.png", size=(240, 60))
    disc, long_ = load_products(tmp_path)
    assert disc.upright == pytest.approx(0.6, abs=0.06)
    along, across, angle = long_.axes
    assert along == pytest.approx(1, abs=0.02)
    assert across == pytest.approx(40 / 200, abs=0.02)
    assert min(angle, 180 - angle) < 1


def test_cut_outs_written_as_png_give_the_same_products_back(tmp_path: Path) -> None:
    save(tmp_path / "icons" / "box.jpg", shape="rectangle")
    save(tmp_path / "icons" / "disc.png")
    before = load_products(tmp_path / "icons")
    write_pngs(before, tmp_path / "cut")
    after = load_products(tmp_path / "cut")
    assert [product.name for product in after] == ["box.png", "disc.png"]
    for one, other in zip(before, after, strict=True):
        assert other.given
        np.testing.assert_array_equal(one.image[one.image[..., 3] > 0], other.image[other.image[..., 3] > 0])
        np.testing.assert_array_equal(one.image[..., 3], other.image[..., 3])


def test_a_cut_out_is_shown_on_green(tmp_path: Path) -> None:
    save(tmp_path / "disc.png")
    save(tmp_path / "box" / "front.view.png", shape="rectangle")
    box, *products = load_products(tmp_path)
    shown = on_checks(products[0].image)
    assert shown[0, 0].tolist() in ([0, 200, 90], [0, 150, 70])
    assert shown[35, 25].tolist() == [200, 40, 30]
    assert [tile.caption for tile in tiles([box, *products]) if tile] == ["box/front.view", "disc"]


@pytest.mark.parametrize(
    ("pixels", "sentence"),
    [
        (np.full((50, 50, 3), 255, np.uint8), "all of it looks like background"),
        (np.zeros((50, 50, 4), np.uint8), "every pixel of it is transparent"),
        (np.random.default_rng(0).integers(0, 256, (50, 50, 3), dtype=np.uint8), "not of one colour"),
    ],
)
def test_a_template_that_cannot_be_cut_out_is_named(tmp_path: Path, pixels: object, sentence: str) -> None:
    Image.fromarray(pixels).save(tmp_path / "x.png")
    with pytest.raises(DataError, match=rf"x\.png cannot be used as a template: .*{sentence}"):
        load_products(tmp_path)


def test_a_template_of_a_single_pixel_is_named(tmp_path: Path) -> None:
    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[9, 9] = 255
    Image.fromarray(pixels).save(tmp_path / "dot.png")
    with pytest.raises(DataError, match=r"dot\.png cannot be used as a template: 1 pixel of it can be seen"):
        load_products(tmp_path)


def test_a_template_of_lines_that_are_gone_at_the_size_it_is_kept_at_is_named(tmp_path: Path) -> None:
    pixels = np.zeros((400, 400, 4), np.uint8)
    pixels[::40] = (200, 40, 30, 140)
    Image.fromarray(pixels).save(tmp_path / "grid.png")
    with pytest.raises(DataError, match=r"grid\.png cannot be .*: 0 pixels of it can be seen at 256 × 231, and 16 are"):
        load_products(tmp_path)


def test_a_damaged_template_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"x\.png cannot be used as a template"):
        load_products(tmp_path)


def test_all_templates_that_cannot_be_used_are_named_at_once(tmp_path: Path) -> None:
    save(tmp_path / "good.png")
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"a\.png cannot be used .* \(so for 2 more: b\.png, c\.png\)\.$"):
        load_products(tmp_path)
