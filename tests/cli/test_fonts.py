from __future__ import annotations

import json
import shutil
from pathlib import Path

import matplotlib

BUNDLED = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def test_the_fonts_here_are_listed_with_what_they_stand_for_and_what_brings_more(synthda):
    shown = synthda("fonts", "--source", "matplotlib")
    assert shown.code == 0
    assert "DejaVu Sans Mono" in shown.out
    assert "Lucida Console" in shown.out
    assert "apt-get install" in shown.out


def test_the_list_of_fonts_comes_as_json(synthda):
    listed = json.loads(synthda("fonts", "--source", "matplotlib", "--json").out)
    families = {one["name"]: one for one in listed["families"]}
    assert families["DejaVu Sans"]["faces"] >= 4
    assert "Verdana" in families["DejaVu Sans"]["stands_for"]
    windows = {one["windows"]: one for one in listed["windows"]}
    assert windows["Calibri"] == {
        "windows": "Calibri",
        "present": False,
        "stand_ins": [],
        "packages": ["fonts-crosextra-carlito"],
    }


def test_a_font_file_that_cannot_be_opened_is_named(synthda, tmp_path):
    folder = tmp_path / "faces"
    folder.mkdir()
    shutil.copy(BUNDLED / "DejaVuSans.ttf", folder)
    (folder / "broken.ttf").write_bytes(b"no font")
    shown = synthda("fonts", "--source", folder)
    assert shown.code == 0
    assert "1 faces of 1 families" in shown.out
    assert "broken.ttf" in shown.err


def test_a_folder_that_is_not_there_is_one_sentence(synthda, tmp_path):
    failed = synthda("fonts", "--source", tmp_path / "nowhere")
    assert failed.code == 2
    assert failed.err.count("\n") == 1
