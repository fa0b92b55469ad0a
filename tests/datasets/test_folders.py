import os
from itertools import permutations
from pathlib import PureWindowsPath

import numpy as np
import pytest
from photo_files import png_claiming, save, spoil

from synthda.datasets.domain import UNLABELLED
from synthda.datasets.folders import leads_out, list_photos, natural_order, open_folder
from synthda.errors import DataError


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
    linked(tmp_path / "a" / "up", tmp_path)
    assert [path.name for path in list_photos(tmp_path)] == ["a.jpg"]


def test_a_link_to_a_folder_beside_it_is_a_folder_of_its_own(tmp_path):
    """Whichever name the disk lists first."""
    save(tmp_path / "p" / "a.jpg")
    save(tmp_path / "other" / "b.jpg")
    linked(tmp_path / "q", tmp_path / "p")
    linked(tmp_path / "a", tmp_path / "p")
    assert open_folder(tmp_path, size=(4, 4)).paths == ("a/a.jpg", "other/b.jpg", "p/a.jpg", "q/a.jpg")


def test_a_link_to_nothing_is_listed_as_left_out(tmp_path):
    """As git-annex and DVC leave them where a file was not fetched."""
    save(tmp_path / "zoo" / "a.jpg")
    linked(tmp_path / "zoo" / "gone.jpg", tmp_path / "nowhere.jpg")
    domain = open_folder(tmp_path, size=(4, 4))
    assert domain.paths == ("zoo/a.jpg",)
    assert [line.split(": ")[0] for line in domain.skipped] == ["zoo/gone.jpg"]


def linked(link, to):
    try:
        os.symlink(to, link, target_is_directory=to.is_dir())
    except OSError:
        pytest.skip("this system makes no links")


def test_a_tree_with_a_folder_per_class_is_labelled_in_natural_order(tmp_path):
    for level, name in enumerate(("10", "2", "1")):
        save(tmp_path / name / "x.png", colour=(50 * level, 0, 0))
    domain = open_folder(tmp_path, size=(4, 4))
    assert domain.classes == ("1", "2", "10")
    by_path = dict(zip(domain.paths, domain.labels.tolist(), strict=True))
    assert by_path == {"1/x.png": 0, "10/x.png": 2, "2/x.png": 1}
    reds = domain.images.read(np.arange(3))[:, 0, 0, 0].tolist()
    assert dict(zip(domain.paths, reds, strict=True)) == {"10/x.png": 0, "2/x.png": 50, "1/x.png": 100}


def test_numbers_that_are_equal_have_an_order_of_their_own():
    for names in permutations(("1", "01", "001")):
        assert sorted(names, key=natural_order) == ["001", "01", "1"]


def test_two_spellings_of_an_accent_are_one_class(tmp_path):
    for number, name in enumerate(("cr\u00e8me", "cre\u0300me", "lait")):
        save(tmp_path / name / f"{number}.png")
    domain = open_folder(tmp_path, size=(4, 4))
    assert domain.classes == ("cr\u00e8me", "lait")
    assert sorted(domain.labels.tolist()) == [0, 0, 1]
    assert "cre\u0300me/1.png" in domain.paths


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


def test_a_file_is_no_folder_of_classes(tmp_path):
    (tmp_path / "notes.txt").write_text("no")
    with pytest.raises(DataError, match=r"notes\.txt is a file; give a folder with one sub-folder of images per class"):
        open_folder(tmp_path / "notes.txt", size=(4, 4), labelled=True)


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
    with pytest.raises(DataError, match="There is no file or folder"):
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


@pytest.mark.parametrize(
    "name", ["..", "../a.jpg", "b/../../a.jpg", "/a.jpg", "..\\a.jpg", "b\\..\\..\\a.jpg", "C:\\a.jpg"]
)
def test_a_name_leads_out_of_its_folder_whichever_system_it_was_written_for(name):
    assert leads_out(name)


@pytest.mark.parametrize("name", ["a.jpg", "b/a.jpg", "b\\a.jpg", "...", "a..b/c.jpg", ".hidden", ""])
def test_any_other_name_stays_inside(name):
    assert not leads_out(name)


def test_a_colon_leads_out_on_windows_alone(monkeypatch):
    assert not leads_out("a:b.jpg")
    monkeypatch.setattr("synthda.datasets.folders.PurePath", PureWindowsPath)
    assert leads_out("a:b.jpg")
