from __future__ import annotations

import json
import shutil
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from synthda.manifest import read_manifest

BUNDLED = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """A folder of one good font and one damaged one."""
    folder = tmp_path / "faces"
    folder.mkdir()
    shutil.copy(BUNDLED / "DejaVuSans.ttf", folder)
    (folder / "damaged.ttf").write_bytes(b"no font")
    return folder


def test_letters_before_photographs_in_ones_own_fonts(synthda, tmp_path, faces):
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    Image.fromarray(np.full((50, 60, 3), 90, np.uint8)).save(photographs / "wall.png")
    settings = ["--set", "charset=letters", "--set", f"fonts={faces}", "--set", "photographs=1", "--size", 24]
    done = synthda(
        *(
            "generate",
            "syn-numbers",
            "--count",
            40,
            "--workers",
            1,
            "--out",
            "d",
            "--backgrounds",
            photographs,
            *settings,
        )
    )
    assert done.code == 0
    assert "damaged.ttf" in done.err
    manifest = read_manifest(tmp_path / "d" / "domain.json")
    assert manifest["image_shape"] == [24, 24, 3]
    assert len(manifest["classes"]) == 26
    assert set(manifest["inputs"]) == {"fonts/DejaVu Sans Book", "backgrounds/wall.png"}


def test_every_setting_is_listed_with_help(synthda):
    listed = {one["name"]: one for one in json.loads(synthda("renderers", "--json").out)["renderers"]}
    settings = listed["syn-numbers"]["settings"]
    assert all(len(setting["help"]) > 10 for setting in settings)
    (charset,) = [setting for setting in settings if setting["name"] == "charset"]
    assert charset["accepts"] == "digits | letters | alphanumeric | seven-segment"


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("fonts=EMPTY", "has no font with visible characters 0…9"),
        ("fonts=nowhere", "There is no folder nowhere"),
        ("backgrounds=nowhere", "There is no folder nowhere"),
        ("size=4", "size accepts 8…1024"),
        ("smallest=1.3", "give smallest ≤ largest"),
        ("charset=roman", "seven-segment"),
    ],
)
def test_what_cannot_be_rendered_is_one_sentence(synthda, tmp_path, assignment, sentence):
    (tmp_path / "empty").mkdir()
    assignment = assignment.replace("EMPTY", str(tmp_path / "empty"))
    failed = synthda(
        "generate", "syn-numbers", "--count", 10, "--set", assignment, "--set", "largest=1.1", "--out", "d"
    )
    assert failed.code == 2
    assert sentence in failed.err
    assert failed.err.count("\n") == 1
    assert not (tmp_path / "d").exists()
