import struct
import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
from photo_files import close_to, png_claiming, save, spoil
from PIL import Image

from synthda.datasets.photos import PhotoError, read_photo, read_photos, upright_shape
from synthda.errors import DataError, SettingError


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "bmp", "gif", "tif", "ppm"])
def test_common_formats_become_rgb_of_the_size_asked_for(tmp_path, extension):
    photo = read_photo(save(tmp_path / f"a.{extension}"), (7, 9))
    assert photo.shape == (7, 9, 3)
    assert photo.dtype == np.uint8
    assert close_to(photo, (200, 100, 50))


def test_exif_orientation_is_applied(tmp_path):
    array = np.zeros((16, 32, 3), dtype=np.uint8)
    array[:, :16] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to be upright: what was left is above
    Image.fromarray(array).save(tmp_path / "turned.png", exif=exif)
    Image.fromarray(array).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    Image.fromarray(array).save(tmp_path / "turned.tif", exif=exif)
    for name in ("turned.png", "turned.jpg", "turned.tif"):
        photo = read_photo(tmp_path / name, (32, 16))
        assert close_to(photo[:14], 255)
        assert close_to(photo[18:], 0)
        assert upright_shape(tmp_path / name) == (32, 16)


def test_every_exif_orientation_undoes_its_own_turn(tmp_path):
    upright = np.random.default_rng(0).integers(0, 256, (3, 5, 3), dtype=np.uint8)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }
    for orientation, array in stored.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(np.ascontiguousarray(array)).save(tmp_path / "a.png", exif=exif)
        assert np.array_equal(read_photo(tmp_path / "a.png", (3, 5)), upright), orientation
        assert upright_shape(tmp_path / "a.png") == (3, 5), orientation


def test_a_greyscale_photograph_becomes_rgb(tmp_path):
    Image.new("L", (8, 8), 77).save(tmp_path / "a.png")
    assert (read_photo(tmp_path / "a.png", (8, 8)) == 77).all()


def test_a_bilevel_scan_becomes_black_and_white(tmp_path):
    Image.fromarray(np.eye(8) > 0).save(tmp_path / "a.png")
    assert np.array_equal(read_photo(tmp_path / "a.png", (8, 8))[..., 0], (np.eye(8) * 255).astype(np.uint8))


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path, extension):
    values = np.array([[0, 257, 257 * 128, 65535]], dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / f"a.{extension}")
    assert read_photo(tmp_path / f"a.{extension}", (1, 4))[0, :, 0].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_sixteen_bits_of_which_0_is_white_are_inverted(tmp_path, orientation):
    values = np.array([[1234, 0, 65535]], dtype=np.uint16)
    for photometric, expected in ((0, [250, 255, 0]), (1, [5, 0, 255])):
        Image.fromarray(values).save(tmp_path / "a.tif", tiffinfo={262: photometric, 274: orientation})
        read = read_photo(tmp_path / "a.tif", upright_shape(tmp_path / "a.tif"))[..., 0].ravel().tolist()
        assert read == (expected[::-1] if orientation == 3 else expected)


def test_a_sixteen_bit_pgm_is_scaled_too(tmp_path):
    (tmp_path / "a.pgm").write_bytes(b"P5 2 1 65535\n" + struct.pack(">2H", 257 * 10, 65535))
    assert read_photo(tmp_path / "a.pgm", (1, 2))[0, :, 0].tolist() == [10, 255]


@pytest.mark.parametrize("extension", ["jpg", "tif"])
def test_a_cmyk_photograph_becomes_rgb(tmp_path, extension):
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / f"a.{extension}")
    assert close_to(read_photo(tmp_path / f"a.{extension}", (4, 4)), (255, 0, 0), 10)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(tmp_path, mode):
    image = Image.new(mode, (4, 2), 0)
    image.putpixel((0, 0), (0,) * (len(mode) - 1) + (255,))
    image.save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png", (2, 4))
    assert (photo[0, 0] == 0).all()
    assert (photo[1] == 255).all()


def test_a_palette_with_a_transparent_entry_is_laid_on_white(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "plain.png")
    image.save(tmp_path / "clear.png", transparency=0)
    assert read_photo(tmp_path / "plain.png", (1, 2))[0].tolist() == [[10, 20, 30], [40, 50, 60]]
    assert read_photo(tmp_path / "clear.png", (1, 2))[0].tolist() == [[255, 255, 255], [40, 50, 60]]


def test_a_large_jpeg_decoded_small_looks_like_the_whole_of_it(tmp_path):
    slope = np.linspace(0, 255, 1600).astype(np.uint8)
    array = np.broadcast_to(slope[None, :, None], (1200, 1600, 3))
    Image.fromarray(np.ascontiguousarray(array)).save(tmp_path / "a.jpg", quality=95)
    photo = read_photo(tmp_path / "a.jpg", (24, 32))
    expected = array.reshape(24, 50, 32, 50, 3).mean(axis=(1, 3))
    assert np.abs(photo - expected).max() < 4


def test_damaged_metadata_does_not_spoil_the_picture(tmp_path):
    path = save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert close_to(read_photo(path, (4, 4)), (200, 100, 50))


def test_the_content_decides_and_not_the_name(tmp_path):
    save(tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert close_to(read_photo(tmp_path / "a.jpg", (4, 4)), (200, 100, 50))


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "gif", "tif", "bmp", "ppm"])
@pytest.mark.parametrize("kind", ["empty", "truncated", "text"])
def test_a_broken_file_is_refused_in_one_line(tmp_path, extension, kind):
    path = spoil(tmp_path / f"a.{extension}", kind)
    with pytest.raises(DataError, match="cannot be used") as raised:
        read_photo(path, (4, 4))
    assert path.name in str(raised.value)
    assert "\n" not in str(raised.value)


def test_random_damage_is_either_read_or_refused(tmp_path):
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8))
    for extension in ("jpg", "png", "webp", "gif", "tif", "bmp"):
        noise.save(tmp_path / f"whole.{extension}")
        whole = np.frombuffer((tmp_path / f"whole.{extension}").read_bytes(), dtype=np.uint8)
        for _ in range(25):
            damaged = whole.copy()
            damaged[rng.integers(0, min(len(whole), 400), 6)] = rng.integers(0, 256, 6)
            (tmp_path / "damaged").write_bytes(damaged.tobytes())
            with suppress(DataError):
                assert read_photo(tmp_path / "damaged", (6, 6)).shape == (6, 6, 3)


@pytest.mark.parametrize(("width", "height"), [(10_001, 10_000), (60_000, 60_000)])
def test_a_gigapixel_file_is_refused_from_its_header(tmp_path, width, height):
    with pytest.raises(DataError, match="100 megapixels"):
        read_photo(png_claiming(tmp_path / "bomb.png", width, height), (4, 4))


def test_a_photograph_of_a_kind_that_is_not_read_says_so(tmp_path):
    (tmp_path / "a.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 100)
    with pytest.raises(DataError, match="HEIC files are not read"):
        read_photo(tmp_path / "a.HEIC", (4, 4))


def test_a_raw_file_is_not_read_though_it_is_a_tiff_file_with_a_thumbnail(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.tif")
    (tmp_path / "a.tif").rename(tmp_path / "a.DNG")
    with pytest.raises(DataError, match="DNG files are not read, JPEG and PNG are"):
        read_photo(tmp_path / "a.DNG", (4, 4))


def test_a_missing_photograph_is_an_error(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_photo(tmp_path / "a.jpg", (4, 4))


def test_the_shape_of_what_cannot_be_read_is_refused_for_the_same_reason(tmp_path):
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 100)
    spoil(tmp_path / "empty.png", "empty")
    spoil(tmp_path / "text.jpg", "text")
    for side in (10_001, 20_000):
        png_claiming(tmp_path / f"{side}.png", side, side)
    for path in (*tmp_path.iterdir(), tmp_path / "missing.jpg"):
        with pytest.raises(PhotoError) as of_shape:
            upright_shape(path)
        with pytest.raises(PhotoError) as of_photo:
            read_photo(path, (4, 4))
        assert of_shape.value.reason == of_photo.value.reason


def test_photographs_around_an_unreadable_one_are_read_in_order_and_copied_nowhere(tmp_path):
    good = [save(tmp_path / f"{level}.png", (level, level, level)) for level in range(40)]
    bad = spoil(tmp_path / "bad.jpg", "text")
    tracemalloc.start()
    array, kept, reasons = read_photos([*good[:3], bad, *good[3:], bad], (256, 256))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kept == [*range(3), *range(4, 41)]
    assert [index for index, _ in reasons] == [3, 41]
    assert array[:, 0, 0, 0].tolist() == list(range(40))
    assert peak < 1.5 * array.nbytes


def test_an_unusable_size_is_refused(tmp_path):
    with pytest.raises(SettingError, match="height and width"):
        read_photo(save(tmp_path / "a.jpg"), (0, 4))
