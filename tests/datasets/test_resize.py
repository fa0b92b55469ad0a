import numpy as np
import pytest
from PIL import Image

from synthda.datasets.domain import ArrayImages, Domain
from synthda.datasets.resize import as_rgb, fit_image, parse_size, resized
from synthda.errors import SettingError


def domain_of(array):
    return Domain(ArrayImages(array), np.arange(len(array), dtype=np.int64) % 3, ("a", "b", "c"), name="drawn")


def halves(height, width):
    """Left half red, right half blue."""
    array = np.zeros((height, width, 3), dtype=np.uint8)
    array[:, : width // 2, 0] = 255
    array[:, width // 2 :, 2] = 255
    return Image.fromarray(array)


@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
@pytest.mark.parametrize("size", [(8, 8), (5, 9), (9, 5), (1, 40)])
def test_an_image_fills_the_size_asked_for(size, fit):
    image = fit_image(halves(30, 17), size, fit)
    assert (image.height, image.width) == size


def test_an_image_of_the_right_size_is_not_touched():
    array = np.random.default_rng(0).integers(0, 256, (12, 10, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(fit_image(Image.fromarray(array), (12, 10))), array)


def test_pad_letterboxes_in_black_and_keeps_the_aspect():
    array = np.asarray(fit_image(Image.new("RGB", (40, 20), "white"), (20, 20), "pad"))
    assert (array[5:15] == 255).all()
    assert (array[:5] == 0).all()
    assert (array[15:] == 0).all()


def test_crop_cuts_the_long_side_equally_at_both_ends():
    array = np.zeros((10, 30, 3), dtype=np.uint8)
    array[:, 10:20] = 200
    assert (np.asarray(fit_image(Image.fromarray(array), (10, 10), "crop")) == 200).all()


def test_crop_cuts_around_the_centre_of_its_box() -> None:
    array = np.zeros((32, 32, 3), dtype=np.uint8)
    array[:8, :, 0] = 255
    array[8:, :, 2] = 255
    upper = np.asarray(fit_image(Image.fromarray(array), (8, 8), "crop", box=(0, 0, 1, 0.25)))
    assert (upper == (255, 0, 0)).all()
    left = np.asarray(fit_image(Image.fromarray(array).rotate(90), (8, 8), "crop", box=(0, 0, 0.25, 1)))
    assert (left == (255, 0, 0)).all()


def test_a_box_selects_a_part_by_fractions():
    array = np.asarray(fit_image(halves(20, 40), (6, 6), box=(0.5, 0.0, 1.0, 1.0)))
    assert (array[:, 2:] == (0, 0, 255)).all()  # the filter looks over the edge of the box
    assert array[:, 0, 2].min() > 200


def test_shrinking_averages_instead_of_picking():
    checkers = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    array = np.asarray(fit_image(Image.fromarray(np.stack([checkers] * 3, axis=2)), (8, 8)))
    assert np.abs(array.astype(int) - 127).max() <= 8


def test_resizing_a_domain_keeps_order_labels_and_name():
    levels = np.arange(2100) % 251
    array = np.broadcast_to(levels[:, None, None, None], (2100, 4, 4, 3)).astype(np.uint8)
    small = resized(domain_of(array), (3, 5))
    assert small.images.shape == (2100, 3, 5, 3)
    assert np.array_equal(small.images.read(np.arange(2100))[:, 1, 2, 0], levels)
    assert np.array_equal(small.labels, np.arange(2100) % 3)
    assert small.name == "drawn"


def test_a_domain_of_the_right_size_is_returned_as_it_is():
    domain = domain_of(np.zeros((2, 4, 4, 3), dtype=np.uint8))
    assert resized(domain, (4, 4)) is domain
    assert resized(domain, None) is domain


def test_an_unusable_size_or_fit_is_refused():
    domain = domain_of(np.zeros((2, 4, 4, 3), dtype=np.uint8))
    with pytest.raises(SettingError, match="height and width"):
        resized(domain, (0, 4))
    with pytest.raises(SettingError, match="Did you mean stretch"):
        resized(domain, (2, 2), "strech")


def test_grey_becomes_rgb_with_three_equal_channels():
    grey = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)
    rgb = as_rgb(grey)
    assert rgb.shape == (2, 2, 2, 3)
    assert all(np.array_equal(rgb[..., channel], grey) for channel in range(3))


@pytest.mark.parametrize(("text", "size"), [("64", (64, 64)), ("48x64", (48, 64)), ("48×64", (48, 64))])
def test_a_size_is_typed_as_pixels_or_height_and_width(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "x", "0", "8x", "8x0", "8x8x8", "-3", "3.5"])
def test_no_other_text_is_a_size(text):
    with pytest.raises(SettingError, match="not accepted"):
        parse_size(text)
