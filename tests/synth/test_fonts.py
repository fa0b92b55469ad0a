from __future__ import annotations

import shutil
from itertools import combinations
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from synthda.errors import DataError
from synthda.synth.fonts import DIGITS, find_fonts, font_weights, search_fonts
from synthda.synth.lettering import glyph

BUNDLED = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def test_every_font_draws_ten_different_digits_with_ink() -> None:
    for font in find_fonts("system"):
        inks = [glyph(font, digit, 24).field > 0 for digit in DIGITS]
        assert all(ink.sum() > 10 for ink in inks), font
        assert all(a.shape != b.shape or (a != b).any() for a, b in combinations(inks, 2)), font


def test_matplotlib_alone_gives_a_floor_of_faces_without_symbol_fonts() -> None:
    families = {font.family for font in find_fonts("matplotlib")}
    assert {"DejaVu Sans", "DejaVu Serif", "STIXGeneral"} <= families
    assert not any(word in family for family in families for word in ("Siz", "cmsy", "cmex", "cmmi", "Symbol"))


def test_fonts_are_sorted_and_each_face_comes_once() -> None:
    fonts = find_fonts("system")
    assert list(fonts) == sorted(fonts)
    assert len({(font.family, font.style) for font in fonts}) == len(fonts)


def test_a_folder_may_give_the_fonts_and_what_is_no_font_is_left_out(tmp_path: Path) -> None:
    shutil.copy(BUNDLED / "DejaVuSans.ttf", tmp_path / "b.ttf")
    shutil.copy(BUNDLED / "DejaVuSans.ttf", tmp_path / "a.ttf")
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert [font.family for font in find_fonts(str(tmp_path))] == ["DejaVu Sans"]


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_fonts_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="fonts"):
        find_fonts(str(tmp_path / name))


def test_a_large_family_does_not_drown_the_rest() -> None:
    fonts = find_fonts("matplotlib")
    share = dict.fromkeys((font.family for font in fonts), 0.0)
    for font, weight in zip(fonts, font_weights(fonts), strict=True):
        share[font.family] += weight
    assert sum(share.values()) == pytest.approx(1)
    assert share["DejaVu Sans"] == pytest.approx(2 * share["cmr10"])  # four faces against one


def test_a_glyphs_field_is_a_distance() -> None:
    each = glyph(find_fonts("matplotlib")[0], "1", 40)
    assert each.field[0, 0] < -10
    assert each.field.max() > 1
    steps = np.abs(np.diff(each.field, axis=1))
    assert steps.max() < 1.5  # a distance changes by one pixel a pixel, to rounding
    assert each.height == pytest.approx(40, abs=3)


def test_a_glyph_knows_the_centre_of_its_ink() -> None:
    for character in "187":
        each = glyph(find_fonts("matplotlib")[0], character, 40)
        rows, columns = (np.flatnonzero((each.field > 0).any(axis=axis)) for axis in (1, 0))
        assert each.centre == pytest.approx(((columns[0] + columns[-1]) / 2, (rows[0] + rows[-1]) / 2), abs=0.7)


def test_a_damaged_font_file_is_skipped_and_named(tmp_path: Path) -> None:
    shutil.copy(BUNDLED / "DejaVuSans.ttf", tmp_path / "good.ttf")
    whole = (BUNDLED / "DejaVuSans.ttf").read_bytes()
    (tmp_path / "cut.ttf").write_bytes(whole[:2000])
    (tmp_path / "empty.otf").write_bytes(b"")
    (tmp_path / "web.ttf").write_bytes(b"wOF2" + whole[4:200])
    found = search_fonts(str(tmp_path))
    assert [font.path.name for font in found.faces] == ["good.ttf"]
    assert sorted(Path(line.partition(": ")[0]).name for line in found.skipped) == ["cut.ttf", "empty.otf", "web.ttf"]


def test_a_face_must_have_every_character_of_the_set(tmp_path: Path) -> None:
    shutil.copy(BUNDLED / "DejaVuSansDisplay.ttf", tmp_path / "no-digits.ttf")
    assert search_fonts(str(tmp_path)).faces == ()
    with pytest.raises(DataError, match=r"A…Z.*folder of"):
        find_fonts(str(tmp_path), "ABCZ")
