from __future__ import annotations

import json

import pytest
from exported import CLASSES, domain_of, exported, made_again
from PIL import Image

from synthda.datasets.formats import Encoder
from synthda.datasets.huggingface import _place, label_in
from synthda.errors import DataError


def test_a_line_names_the_file_the_label_and_every_factor_with_choices_by_name(tmp_path):
    domain = domain_of(40)
    out = exported(domain, tmp_path / "out", "hf")
    text = (out / "metadata.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]
    assert len(lines) == 40
    for row, line in enumerate(lines):
        scene = domain.scenes[row]
        assert line["file_name"] == f"images/00000/{row:08d}.png"
        assert (line["label"], line["label_name"]) == (domain.labels[row], CLASSES[domain.labels[row]])
        assert line["font"] == ["Arial", "Mono", "Arial (2)", "none"][scene["font"]]
        assert line["photo"] == ("a.jpg" if scene["photo"] == 0 else None)
        assert line["exact"] == scene["exact"]
        assert line["shade"] == scene["shade"]
        assert line["scene_image"] == pytest.approx(scene["image"])  # `image` is what datasets calls the picture
        with Image.open(out / line["file_name"]) as image:
            assert image.tobytes() == domain.images.array[row].tobytes()
    assert lines[0]["angle"] is None  # NaN, which is no JSON
    assert len(repr(lines[1]["angle"]).strip("-").split("e")[0]) <= 10  # as few decimals as give the bits back


def foreign(folder, *lines):
    folder.mkdir()
    for number in range(3):
        Image.new("RGB", (8, 8)).save(folder / f"{number}.png")
    (folder / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(("first", "second", "classes"), [("3", "11", ("3", "11")), ('"dog"', '"cat"', ("cat", "dog"))])
def test_what_others_wrote_gives_its_labels(tmp_path, first, second, classes):
    lines = [f'{{"file_name": "0.png", "label": {first}}}', "", f'{{"file_name": "1.png", "label": {second}, "x": 1}}']
    domain = made_again(foreign(tmp_path / "theirs", *lines, '{"file_name": "2.png"}'), tmp_path / "again", size=(8, 8))
    assert domain.classes == classes
    assert domain.labels.tolist() == [classes.index(json.loads(first)) if first[0] == '"' else 0, *domain.labels[1:]]
    assert domain.labels[2] == -1
    assert domain.scenes is None


@pytest.mark.parametrize(
    "line",
    [
        '{"file_name": "../secret.png"}',
        '{"file_name": "/etc/secret.png"}',
        '{"file_name": "C:\\\\secret.png"}',
        '{"file_name": "a\\\\..\\\\..\\\\secret.png"}',
        '{"file_name": 3}',
        '{"label": 3}',
        "[]",
        "{",
        "[" * 100_000,
    ],
)
def test_a_line_that_leads_elsewhere_or_is_none_is_refused_with_its_number(tmp_path, line):
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.png")
    with pytest.raises(DataError, match=r"Line 2 of .*metadata.jsonl"):
        made_again(foreign(tmp_path / "theirs", '{"file_name": "0.png"}', line), tmp_path / "again", size=(8, 8))


def test_an_image_that_is_missing_is_skipped_and_listed(tmp_path):
    lines = ['{"file_name": "0.png"}', '{"file_name": "gone.png"}']
    made_again(foreign(tmp_path / "theirs", *lines), tmp_path / "again", size=(8, 8))
    assert "gone.png" in json.loads((tmp_path / "again" / "domain.json").read_text())["skipped"][0]


@pytest.mark.parametrize(
    ("record", "label"),
    [
        ({"label": 3, "label_name": "schön"}, "schön"),
        ({"label": -1, "label_name": None}, None),
        ({"label": 0}, "0"),
        ({"label": "2"}, "2"),
        ({}, None),
    ],
)
def test_a_class_is_called_by_its_name_else_by_its_number(record, label):
    assert label_in(record) == label


def test_a_thousand_images_lie_in_a_folder():
    places = [_place(row, Encoder()).as_posix() for row in (999, 1000)]
    assert places == ["images/00000/00000999.png", "images/00001/00001000.png"]
