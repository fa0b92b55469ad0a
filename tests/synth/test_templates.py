from __future__ import annotations

import hashlib
import re
import struct
import subprocess
import sys
import zlib
from importlib.resources import files
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from synthda.datasets.gtsrb import CLASSES, SIGN_NAMES
from synthda.errors import DataError
from synthda.synth.templates import SIDE, load_templates, rasterise

SIGNS = load_templates()
DRAWINGS = Path(str(files("synthda.synth"))) / "signs"
TRIANGLES = (11, *range(18, 32))
DISCS = (*range(11), 15, 16, 17, *range(32, 43))
LIMITS = (0, 1, 2, 3, 4, 5, 7, 8)
EDGE = 80  # levels by which the rasteriser's edges, soft by a pixel, differ from their mirror image
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 {}">{}</svg>'
SQUARE = SVG.format("10 10", '<rect width="10" height="10" fill="#f00"/>')


def cover(number: int) -> NDArray[np.float64]:
    return SIGNS[number].image[..., 3] / 255


def on_grey(number: int, side: int = SIDE) -> NDArray[np.float64]:
    """The sign laid on mid grey, in the mean over squares of pixels."""
    image = SIGNS[number].image
    flat = image[..., :3] * (image[..., 3:] / 255) + 128 * (1 - image[..., 3:] / 255)
    return flat.reshape(side, SIDE // side, side, SIDE // side, 3).mean(axis=(1, 3))


def save(folder: Path, name: str, content: str | bytes = SQUARE) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_there_is_one_sign_for_each_class_of_gtsrb_in_its_order() -> None:
    assert tuple(sign.class_name for sign in SIGNS) == CLASSES
    for number, (sign, said) in enumerate(zip(SIGNS, SIGN_NAMES, strict=True)):
        assert sign.name == f"{number:02d}-{said.replace(' ', '-')}.svg"
        assert sign.sha256 == hashlib.sha256((DRAWINGS / sign.name).read_bytes()).hexdigest()


def test_signs_are_opaque_in_the_middle_transparent_in_the_corners_and_touch_the_frame() -> None:
    for number, sign in enumerate(SIGNS):
        assert sign.image.shape == (SIDE, SIDE, 4)
        assert sign.image.dtype == np.uint8
        alpha = sign.image[..., 3]
        assert not alpha[[0, 0, -1, -1], [0, -1, 0, -1]].any(), sign.name
        assert (alpha[SIDE // 2 - 8 : SIDE // 2 + 8, SIDE // 2 - 8 : SIDE // 2 + 8] == 255).all(), sign.name
        assert alpha[:, :2].any(), sign.name
        assert alpha[:, -2:].any(), sign.name
        assert abs(cover(number) - cover(number)[:, ::-1]).max() <= EDGE / 255, sign.name


def test_areas_and_centres_of_gravity_are_those_of_the_shapes() -> None:
    def area(number: int) -> float:
        return float(cover(number).mean())

    def height(number: int) -> float:
        rows = cover(number).sum(axis=1)
        return float(rows @ (np.arange(SIDE) + 0.5) / rows.sum() / SIDE)

    for disc in DISCS:
        assert area(disc) == pytest.approx(np.pi / 4, abs=0.003)
        assert height(disc) == pytest.approx(0.5, abs=0.002)
    assert area(14) == pytest.approx(2 * (np.sqrt(2) - 1), abs=0.004)  # a regular octagon in its square
    assert area(12) == pytest.approx(0.5, abs=0.03)
    for triangle in TRIANGLES:
        # A side of 812 and its rim of 44 all round, in a frame of 900.
        assert area(triangle) == pytest.approx(
            (812**2 * np.sqrt(3) / 4 + 3 * 812 * 44 + np.pi * 44**2) / 900**2, abs=0.003
        )
        assert height(triangle) == pytest.approx(((900 - 791) / 2 + 44 + 703 * 2 / 3) / 900, abs=0.002)
    assert height(13) == pytest.approx(1 - height(18), abs=0.005)


@pytest.mark.parametrize(("left", "right"), [(19, 20), (33, 34), (36, 37), (38, 39)])
def test_signs_to_the_left_mirror_those_to_the_right(left: int, right: int) -> None:
    assert abs(on_grey(left) - on_grey(right)[:, ::-1]).max() <= EDGE
    assert abs(on_grey(left) - on_grey(right)).max() > 100


def test_no_two_signs_look_alike_at_sixteen_pixels() -> None:
    small = [on_grey(number, 16) for number in range(len(SIGNS))]
    for one, other in combinations(range(len(SIGNS)), 2):
        assert abs(small[one] - small[other]).max() > 30, (SIGNS[one].name, SIGNS[other].name)


def test_speed_limits_differ_in_their_numbers_alone() -> None:
    row, column = np.mgrid[:SIDE, :SIDE] + 0.5 - SIDE / 2
    inside = np.hypot(row, column) < SIDE * 216 / 600 - 1
    for one, other in combinations(LIMITS, 2):
        changed = abs(on_grey(one) - on_grey(other)).max(axis=2) > 8
        assert changed[inside].mean() > 0.03, (one, other)
        assert not changed[~inside].any(), (one, other)


def test_colours_are_those_of_the_catalogue() -> None:
    assert SIGNS[17].image[40, 128].tolist() == [0xC1, 0x12, 0x1C, 255]
    assert SIGNS[17].image[128, 128].tolist() == [255, 255, 255, 255]
    assert SIGNS[35].image[128, 40].tolist() == [0x00, 0x5B, 0x8C, 255]
    assert SIGNS[12].image[128, 128].tolist() == [0xF7, 0xB5, 0x00, 255]


def test_drawings_hold_no_text_and_refer_to_nothing_outside_of_them() -> None:
    for path in DRAWINGS.glob("*.svg"):
        drawing = path.read_text(encoding="utf-8")
        assert "<text" not in drawing
        assert re.findall(r'\w+://[^"]*', drawing) == ["http://www.w3.org/2000/svg"]
        assert "<!--" in drawing


def test_the_package_starts_without_the_rasteriser() -> None:
    program = "import sys, synthda.synth.templates; sys.exit('resvg_py' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=DRAWINGS.parents[2], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_files_are_named_for_their_classes_and_come_in_natural_order(tmp_path: Path) -> None:
    for name in ("sign 10.svg", "sign 2.SVG", "notes.txt", ".hidden.svg"):
        save(tmp_path, name)
    Image.new("RGBA", (4, 4), (0, 0, 255, 255)).save(tmp_path / "a.q.png")
    save(tmp_path, "a.svg")
    found = load_templates(tmp_path)
    assert [(one.class_name, one.name) for one in found] == [
        ("a", "a.svg"),
        ("a.q", "a.q.png"),
        ("sign 2", "sign 2.SVG"),
        ("sign 10", "sign 10.svg"),
    ]
    assert load_templates(tmp_path) is found
    with pytest.raises(ValueError, match="read-only"):
        found[0].image[0] = 0


def test_a_folder_for_each_class_holds_any_number_of_its_templates(tmp_path: Path) -> None:
    for name in ("10/b.svg", "10/a.svg", "9/z.svg"):
        save(tmp_path, name)
    found = [(one.class_name, one.name) for one in load_templates(tmp_path)]
    assert found == [("9", "9/z.svg"), ("10", "10/a.svg"), ("10", "10/b.svg")]


def test_what_is_not_square_is_centred_between_transparent_strips() -> None:
    wide = rasterise(SVG.format("20 10", '<rect width="20" height="10"/>').encode(), "wide.svg")
    assert wide.shape == (SIDE, SIDE, 4)
    assert wide[64:192, :, 3].min() == 255
    assert not wide[:64, :, 3].any()
    assert not wide[192:, :, 3].any()


def sixteen_bit_png() -> bytes:
    """One row of two 16-bit RGBA pixels, the left transparent, as Pillow cannot write them."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    pixels = b"\0" + struct.pack(">8H", 0, 0, 0, 0, 65535, 0, 0, 65535)
    header = struct.pack(">IIBBBBB", 2, 1, 16, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def test_png_keeps_its_transparency_in_every_mode(tmp_path: Path) -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([0, 255, 0, 255, 0, 0])
    palette.putpixel((1, 0), 1)
    palette.save(tmp_path / "palette.png", transparency=0)
    Image.fromarray(np.array([[[9, 9, 9, 0], [255, 0, 0, 255]]], np.uint8)).save(tmp_path / "rgba.png")
    save(tmp_path, "sixteen.png", sixteen_bit_png())
    for template in load_templates(tmp_path):
        left, right = template.image[SIDE // 2, 10], template.image[SIDE // 2, -10]
        assert left[3] == 0, template.name
        assert right.tolist() == [255, 0, 0, 255], template.name


def test_png_without_transparency_is_opaque_and_sixteen_bit_grey_is_scaled(tmp_path: Path) -> None:
    Image.fromarray(np.full((3, 3), 0x8080, np.uint16)).save(tmp_path / "grey.png")
    (grey,) = load_templates(tmp_path)
    assert (grey.image == (0x80, 0x80, 0x80, 255)).all()


def nested(depth: int) -> str:
    """A square so many elements deep, the drawing's own among them."""
    return "<g>" * (depth - 2) + '<rect width="9" height="9"/>' + "</g>" * (depth - 2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "well-formed"),
        ("<svg", "well-formed"),
        ("<html/>", "<html>"),
        (b"\xff\xfe<\0s\0", "UTF-8"),
        ('<svg xmlns="http://www.w3.org/2000/svg" width="0" height="9"/>', "size"),
        (SVG.format("9 9", ""), "transparent"),
        (SVG.format("9 9", '<rect width="9" height="9" fill="none"/>'), "transparent"),
        (SVG.format("9 9", "<text>30</text>"), "convert text to paths"),
        (SVG.format("9 9", '<image href="other.png" width="9" height="9"/>'), "other.png"),
        (SVG.format("9 9", '<image xlink:href="file:///a.svg"/>'), "file:///a.svg"),
        (SVG.format("9 9", '<image href="data:image/svg+xml,%3Csvg/%3E"/>'), "another file"),
        (SVG.format("9 9", '<use href="http://example.org/a.svg#b"/>'), "example.org"),
        (SVG.format("9 9", "<rect style=\"fill: url( 'b.svg#c')\"/>"), "another file"),
        (SVG.format("9 9", "<style>@import 'a.css';</style>"), "style refers"),
        (SVG.format("9 9", nested(65)), "nested 65 deep"),
    ],
)
def test_a_drawing_that_cannot_be_a_template_is_refused_by_name(tmp_path: Path, content: str, said: str) -> None:
    save(tmp_path, "odd.svg", content)
    with pytest.raises(DataError, match=re.escape(said)) as caught:
        load_templates(tmp_path)
    assert "odd.svg" in str(caught.value)
    assert "PNG" in str(caught.value)


def test_elements_may_be_nested_64_deep() -> None:
    assert rasterise(SVG.format("9 9", nested(64)).encode(), "deep.svg")[..., 3].all()


def test_links_within_a_drawing_are_followed() -> None:
    parts = '<linearGradient id="g"><stop stop-color="#f00"/></linearGradient><rect id="r" width="9" height="9"/>'
    image = rasterise(
        SVG.format("9 9", f"<defs>{parts}</defs>" + '<use xlink:href="#r" fill="url(#g)"/>').encode(), "a.svg"
    )
    assert (image == (255, 0, 0, 255)).all()


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", sixteen_bit_png()[:50]])
def test_a_damaged_png_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    save(tmp_path, "odd.png", content)
    with pytest.raises(DataError, match=r"odd\.png"):
        load_templates(tmp_path)


def test_a_png_without_a_visible_pixel_is_refused_by_name(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(tmp_path / "odd.png")
    with pytest.raises(DataError, match=r"odd\.png.*transparent"):
        load_templates(tmp_path)


def test_a_folder_without_templates_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path / "missing", tmp_path):
        with pytest.raises(DataError, match="SVG or PNG"):
            load_templates(folder)


@pytest.mark.parametrize("name", ["milk.heic", "drinks/juice.AVIF", "stop.jpg"])
def test_a_picture_that_is_not_read_is_named_and_its_class_not_missing(tmp_path: Path, name: str) -> None:
    save(tmp_path, "go.svg")
    save(tmp_path, name)
    with pytest.raises(DataError, match=r"(heic|AVIF|jpg) is not read; save it as PNG"):
        load_templates(tmp_path)


def test_a_folder_that_is_a_link_is_a_class(tmp_path: Path) -> None:
    save(tmp_path / "all", "a.svg")
    save(tmp_path / "some", "stop.svg")
    try:
        (tmp_path / "some" / "go").symlink_to(tmp_path / "all", target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links")
    assert [template.class_name for template in load_templates(tmp_path / "some")] == ["go", "stop"]


def test_two_files_of_one_class_need_a_folder_for_each_class(tmp_path: Path) -> None:
    save(tmp_path, "stop.svg")
    save(tmp_path, "stop.png")
    with pytest.raises(DataError, match=r"stop\.png and stop\.svg for one class 'stop'"):
        load_templates(tmp_path)


def test_files_may_stand_beside_folders_of_classes(tmp_path: Path) -> None:
    for name in ("stop.svg", "go/a.svg", "go/b.svg"):
        save(tmp_path, name)
    assert [template.class_name for template in load_templates(tmp_path)] == ["go", "go", "stop"]
