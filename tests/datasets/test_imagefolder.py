from __future__ import annotations

import unicodedata

from exported import CLASSES, assert_same, domain_of, exported, made_again
from photo_files import save
from PIL import Image

from synthda.datasets import open_domain
from synthda.datasets.imagefolder import ImageFolder, folders_of


def test_each_class_has_its_folder_of_pngs_called_by_their_row(tmp_path):
    domain = domain_of(40)
    out = exported(domain, tmp_path / "out", "imagefolder")
    for row, label in enumerate(domain.labels.tolist()):
        with Image.open(out / folders_of(CLASSES)[label] / f"{row:08d}.png") as image:
            assert (image.format, image.size, image.mode) == ("PNG", (12, 9), "RGB")
            assert image.tobytes() == domain.images.array[row].tobytes()
    assert {path.name for path in out.iterdir()} == {"10", "2", "no%2Fslash", "schön", "synthda.json"}


def test_no_class_name_leads_out_of_the_folder_or_hides_in_it():
    names = {
        "..": "%2E%2E",
        "a/b": "a%2Fb",
        "c:\\d": "c%3A%5Cd",
        ".git": "%2Egit",
        "": "%",
        "50%": "50%25",
        "x.": "x%2E",
    }
    names |= {"CON": "%43ON", "nul.txt": "%6Eul.txt", "LPT1": "%4CPT1", "console": "console", "my.con": "my.con"}
    assert dict(zip(names, folders_of(list(names)), strict=True)) == names
    assert folders_of(["stop sign (old), no. 3+"]) == ["stop sign (old), no. 3+"]


def test_names_that_differ_only_in_case_have_folders_that_differ_in_more():
    """On macOS and Windows `A` and `a` are one folder: their images would be of one class."""
    assert folders_of(["A", "a", "ß", "SS", "a%"]) == ["A", "a%", "ß", "SS%", "a%25"]
    assert folders_of(["caf\u00e9", "Cafe\u0301"]) == ["caf\u00e9", "Cafe\u0301%"]


def test_two_spellings_of_an_accent_come_back_as_they_were_written(tmp_path):
    domain = domain_of(40, ("cafe\u0301", "caf\u00e9", "none"))
    out = exported(domain, tmp_path / "out", "imagefolder")
    assert set(open_domain(str(out), size=(9, 12)).classes) == {"cafe\u0301", "caf\u00e9"}
    assert_same(domain, made_again(out, tmp_path / "again"), scenes=False)


def test_a_file_system_that_decomposes_names_changes_no_class(tmp_path):
    domain = domain_of(40, ("caf\u00e9", "none", "empty"))
    out = exported(domain, tmp_path / "out", "imagefolder")
    (out / "caf\u00e9").rename(out / unicodedata.normalize("NFD", "caf\u00e9"))
    assert "caf\u00e9" in open_domain(str(out), size=(9, 12)).classes
    assert_same(domain, made_again(out, tmp_path / "again"), scenes=False)


def test_two_spellings_of_an_accent_are_one_class(tmp_path):
    for name in ("cr\u00e8me", "cre\u0300me"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (4, 4)).save(tmp_path / name / "a.png")
    assert {sample.label for sample in ImageFolder().samples(tmp_path, None)} == {"cr\u00e8me"}


def test_of_a_foreign_tree_no_image_has_a_class_where_one_lies_in_no_folder(tmp_path):
    for name in ("a/1.png", "b/2.png"):
        save(tmp_path / name)
    assert [sample.label for sample in ImageFolder().samples(tmp_path, None)] == ["a", "b"]
    save(tmp_path / "loose.png")
    assert [sample.label for sample in ImageFolder().samples(tmp_path, None)] == [None] * 3
