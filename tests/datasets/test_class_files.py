"""Files by class: named for it, or in a folder named for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthda.datasets.class_files import class_files, numbered
from synthda.errors import DataError


def made(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    return [folder / name for name in names]


def test_a_file_or_a_folder_is_a_class_and_both_may_stand_together(tmp_path: Path) -> None:
    paths = made(tmp_path, "item10.png", "pear/b.png", "item2.png", "pear/a.png", "pear/more/c.png")
    found = class_files(tmp_path, paths)
    assert list(found) == ["item2", "item10", "pear"]
    assert [path.name for path in found["pear"]] == ["a.png", "b.png", "c.png"]


def test_a_single_file_is_a_class(tmp_path: Path) -> None:
    (path,) = made(tmp_path, "pear.png")
    assert class_files(path, [path]) == {"pear": (path,)}


@pytest.mark.parametrize("names", [("pear.jpg", "pear/a.png"), ("pear.jpg", "pear.png")])
def test_two_entries_of_one_class_are_told(tmp_path: Path, names: tuple[str, str]) -> None:
    entries = " and ".join(sorted(name.partition("/")[0] for name in names))
    with pytest.raises(DataError, match=f"has {entries} for one class 'pear'; rename one of them"):
        class_files(tmp_path, made(tmp_path, *names))


def test_an_accent_is_one_character_of_the_class_however_the_file_writes_it(tmp_path: Path) -> None:
    assert list(class_files(tmp_path, made(tmp_path, "cre\u0300me.png"))) == ["cr\u00e8me"]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([f"IMG_{number:04}.jpg" for number in range(8)] + ["pear.jpg"], 8),
        ([f"20260501_1020{number}.jpg" for number in range(8)], 8),
        ([f"pear ({number}).jpg" for number in range(8)], 8),
        ([f"IMG_{number}.jpg" for number in range(5)], 0),
        ([f"40012345678{number}.jpg" for number in range(8)], 0),
        ([f"pear/IMG_{number}.jpg" for number in range(8)], 0),
        (list("abcdefgh"), 0),
    ],
)
def test_files_named_as_by_a_camera_are_told(tmp_path: Path, names: list[str], found: int) -> None:
    assert len(numbered(tmp_path, made(tmp_path, *names))) == found
