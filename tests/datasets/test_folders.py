import os
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from synthda.datasets.domain import UNLABELLED
from synthda.datasets.folders import list_photos, open_folder, read_photo, upright_shape
from synthda.errors import DataError, SettingError


def save(path, colour=(200, 100, 50), size=(12, 10), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, **options)
    return path


def close_to(array, colour, tolerance=6):
    return np.abs(array.astype(int) - np.array(colour)).max() <= tolerance


def png_claiming(path, width, height):
    """A PNG of a few bytes whose header claims any size."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b""))
    return path


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
    for name in ("turned.png", "turned.jpg"):
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


def spoil(path, kind):
    whole = save(path, size=(200, 200)).read_bytes()
    path.write_bytes({"empty": b"", "truncated": whole[: len(whole) // 2], "text": b"no image at all" * 50}[kind])
    return path


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


def test_a_missing_photograph_is_an_error(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_photo(tmp_path / "a.jpg", (4, 4))


def test_an_unusable_size_is_refused(tmp_path):
    with pytest.raises(SettingError, match="height and width"):
        read_photo(save(tmp_path / "a.jpg"), (0, 4))


def test_photos_are_listed_sorted_in_any_case_of_extension_without_hidden_files(tmp_path):
    for name in ("b.JPG", "a.png", "deep/er/c.Jpeg", ".hidden.jpg", ".cache/d.jpg", "phone.heic"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("no")
    (tmp_path / "folder.jpg").mkdir()
    listed = [path.relative_to(tmp_path).as_posix() for path in list_photos(tmp_path)]
    assert listed == ["a.png", "b.JPG", "deep/er/c.Jpeg", "phone.heic"]


def test_a_single_file_stands_for_itself(tmp_path):
    path = save(tmp_path / "only.jpg")
    assert list_photos(path) == [path]
    domain = open_folder(path, size=(4, 4))
    assert domain.paths == ("only.jpg",)
    assert not domain.labelled


def test_a_link_to_a_folder_above_is_not_walked_for_ever(tmp_path):
    save(tmp_path / "a" / "a.jpg")
    try:
        os.symlink(tmp_path, tmp_path / "a" / "up", target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links")
    assert [path.name for path in list_photos(tmp_path)] == ["a.jpg"]


def test_a_tree_with_a_folder_per_class_is_labelled_in_natural_order(tmp_path):
    for level, name in enumerate(("10", "2", "1")):
        save(tmp_path / name / "x.png", colour=(50 * level, 0, 0))
    domain = open_folder(tmp_path, size=(4, 4))
    assert domain.classes == ("1", "2", "10")
    by_path = dict(zip(domain.paths, domain.labels.tolist(), strict=True))
    assert by_path == {"1/x.png": 0, "10/x.png": 2, "2/x.png": 1}
    reds = domain.images.read(np.arange(3))[:, 0, 0, 0].tolist()
    assert dict(zip(domain.paths, reds, strict=True)) == {"10/x.png": 0, "2/x.png": 50, "1/x.png": 100}


@pytest.mark.parametrize("names", [("a.png", "b/c.png"), ("a/b/c.png", "a/d.png"), ("a.png",)])
def test_any_other_tree_is_unlabelled(tmp_path, names):
    for name in names:
        save(tmp_path / name)
    domain = open_folder(tmp_path, size=(4, 4))
    assert domain.classes == ()
    assert (domain.labels == UNLABELLED).all()
    assert set(domain.paths) == set(names)


def test_labels_can_be_dropped_and_required(tmp_path):
    save(tmp_path / "cats" / "a.png")
    save(tmp_path / "dogs" / "deep" / "b.png")
    assert open_folder(tmp_path, size=(4, 4)).classes == ()
    assert open_folder(tmp_path, size=(4, 4), labelled=True).classes == ("cats", "dogs")
    assert open_folder(tmp_path / "cats", size=(4, 4), labelled=False).classes == ()
    with pytest.raises(DataError, match=r"outside of any class folder"):
        open_folder(tmp_path / "cats", size=(4, 4), labelled=True)


def test_bad_files_among_good_ones_are_listed_with_their_reasons(tmp_path):
    save(tmp_path / "cats" / "good.jpg")
    save(tmp_path / "dogs" / "good.jpg")
    spoil(tmp_path / "cats" / "cut.jpg", "truncated")
    spoil(tmp_path / "dogs" / "empty.png", "empty")
    spoil(tmp_path / "dogs" / "text.jpg", "text")
    png_claiming(tmp_path / "dogs" / "vast.png", 60_000, 60_000)
    domain = open_folder(tmp_path, size=(4, 4))
    assert domain.paths == ("cats/good.jpg", "dogs/good.jpg")
    assert domain.labels.tolist() == [0, 1]
    assert [line.split(": ")[0] for line in domain.skipped] == [
        *("cats/cut.jpg", "dogs/empty.png", "dogs/text.jpg", "dogs/vast.png")
    ]
    assert "empty" in domain.skipped[1]
    assert "megapixels" in domain.skipped[3]


def test_photographs_of_mixed_sizes_and_kinds_keep_their_order(tmp_path):
    for level in range(100):
        kind, side = (("png", "jpg", "bmp")[level % 3], 5 + level % 40)
        save(tmp_path / f"{level:03d}.{kind}", colour=(level * 2,) * 3, size=(side, 45 - side % 30))
    domain = open_folder(tmp_path, size=(6, 6), fit="crop")
    levels = domain.images.read(np.arange(100)).mean(axis=(1, 2, 3))
    assert np.abs(levels - 2 * np.arange(100)).max() < 3


def test_folders_without_anything_usable_are_refused(tmp_path):
    with pytest.raises(DataError, match="There is no folder"):
        open_folder(tmp_path / "missing", size=(4, 4))
    with pytest.raises(DataError, match="is empty"):
        open_folder(tmp_path, size=(4, 4))
    (tmp_path / "notes.txt").write_text("no")
    with pytest.raises(DataError, match="no image in"):
        open_folder(tmp_path, size=(4, 4))
    spoil(tmp_path / "a.jpg", "truncated")
    spoil(tmp_path / "b.jpg", "empty")
    with pytest.raises(DataError, match="None of the 2 images"):
        open_folder(tmp_path, size=(4, 4))
