from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw


@pytest.fixture
def icons(tmp_path: Path) -> Path:
    folder = tmp_path / "icons"
    folder.mkdir()
    for name, shape in (("box", "rectangle"), ("disc", "ellipse")):
        image = Image.new("RGB", (60, 80), "white")
        getattr(ImageDraw.Draw(image), shape)((10, 10, 49, 69), fill=(180, 40, 30))
        image.save(folder / f"{name}.jpg", quality=95)
    return folder


def test_from_icons_to_a_domain_and_its_boxes(synthda, icons, tmp_path):
    done = synthda(
        "generate", "products", "--templates", icons, "--size", 48, "--count", 6, "--out", "d", "--workers", 1
    )
    assert done.code == 0
    assert "6 images of 48×48, 2 classes" in done.out
    done = synthda("convert", "d", "--to", "coco", "--out", "coco")
    assert done.code == 0
    assert "coco is finished: 6 images" in done.out
    assert (tmp_path / "coco" / "annotations.json").is_file()


@pytest.mark.parametrize("command", [("preview", "--count", 4), ("generate", "--count", 4, "--dry-run")])
def test_what_stands_and_what_lies_in_heaps_is_told_and_can_be_named(synthda, icons, command):
    verb, *options = command
    done = synthda(verb, "products", "--templates", icons, "--size", 32, *options)
    assert "Packs, on shelves and in hands: box.\n" in done.out
    assert "Loose, in heaps and in hands:   disc.\n" in done.out
    named = synthda(verb, "products", "--templates", icons, "--size", 32, *options, "--set", "packs=disc")
    assert "Packs, on shelves and in hands: box, disc.\n" in named.out
    assert "Loose, in heaps and in hands:   none.\n" in named.out
    wrong = synthda(verb, "products", "--templates", icons, "--size", 32, *options, "--set", "loose=dics")
    assert wrong.code == 2
    assert "There is no class 'dics'. Did you mean disc?" in wrong.err


@pytest.mark.parametrize(
    "command", [("preview", "--count", 4), ("preview", "--cutouts"), ("generate", "--count", 4, "--dry-run")]
)
def test_a_class_folder_without_a_picture_is_warned_of(synthda, icons, command):
    verb, *options = command
    (icons / "empty" / "deeper").mkdir(parents=True)
    (icons / "empty" / "read.txt").touch()
    (icons / ".git").mkdir()
    done = synthda(verb, "products", "--templates", icons, *options)
    assert done.code == 0
    assert done.err == f"empty in {icons} holds no picture, and is no class of the domain.\n"
    (icons / "void").mkdir()
    done = synthda(verb, "products", "--templates", icons, *options)
    assert f"empty, void in {icons} hold no picture, and are no classes of the domain.\n" in done.err


def test_cut_outs_are_shown_and_written_to_be_corrected(synthda, icons, tmp_path):
    done = synthda("preview", "products", "--templates", icons, "--cutouts-to", "cut")
    assert done.code == 0
    assert "products-cutouts.png (2 templates, 0 with transparency of their own)" in done.out
    assert sorted(path.name for path in (tmp_path / "cut").iterdir()) == ["box.png", "disc.png"]
    again = synthda("preview", "products", "--templates", "cut", "--cutouts")
    assert "(2 templates, 2 with transparency of their own)" in again.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["preview", "products", "--cutouts"], "give their folder with --templates"),
        (["preview", "syn-signs", "--cutouts"], "--cutouts is not for syn-signs"),
        (["generate", "products", "--count", 3], "give --templates with a folder of pictures"),
        (["convert", "icons", "--to", "coco", "--out", "x"], "is no rendered domain"),
        (["convert", "icons", "--to", "coco", "--out", "x", "--size", "32"], "leave out --size"),
        (["convert", "icons", "--to", "coco", "--out", "x", "--fit", "pad"], "leave out --fit and --data-root"),
        (
            ["preview", "products", "--templates", "icons", "--cutouts-to", "icons/cut"],
            "give --cutouts-to a place",
        ),
        (["preview", "products", "--templates", "icons", "--out", "icons/new.png"], "give --out a place outside"),
        (["preview", "products", "--templates", "icons", "--cutouts", "--size", "64"], "--size changes nothing of how"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_code_2(synthda, icons, arguments, sentence):
    failed = synthda(*arguments)
    assert failed.code == 2
    assert sentence in failed.err
    assert failed.err.count("\n") == 1
