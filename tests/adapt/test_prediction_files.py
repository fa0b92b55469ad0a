"""Files of predictions: what is written comes back, whatever the photographs are called."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from synthda.adapt.predict import Prediction
from synthda.adapt.prediction_files import draw_predictions, write_predictions
from synthda.datasets import contact_sheet

NAMES = ("plain.jpg", "a\rb.jpg", "a\nb.jpg", "a\r\nb.jpg", 'a,"b".jpg', "caf\u00e9.jpg", "=1+1.jpg")


@pytest.mark.parametrize("box", [None, (1.0, 2.0, 3.5, 4.0)])
def test_every_name_comes_back_from_csv(tmp_path: Path, box: tuple[float, float, float, float] | None) -> None:
    predictions = [Prediction(Path(name), f"class of {name}", 0.5, box=box) for name in NAMES]
    write_predictions(predictions, tmp_path / "p.csv", boxes=box is not None)
    with (tmp_path / "p.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert [line["path"] for line in found] == list(NAMES)
    assert [line["class"] for line in found] == [f"class of {name}" for name in NAMES]
    assert {line["confidence"] for line in found} == {"0.500000"}
    assert {line.get("w") for line in found} == {"3.5" if box else None}


def test_only_names_that_need_it_are_quoted(tmp_path: Path) -> None:
    predictions = [Prediction(Path(name), "pear", 0.25) for name in NAMES[:2]]
    write_predictions(predictions, tmp_path / "p.csv")
    assert (tmp_path / "p.csv").read_bytes().split(b"\n") == [
        b"path,class,confidence",
        b"plain.jpg,pear,0.250000",
        b'"a\rb.jpg","pear","0.250000"',
        b"",
    ]


def test_confidences_have_six_decimals_in_files_and_none_under_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Prediction(tmp_path / "a.png", "dark", 0.1234567)]
    for name, number in (("out.csv", "0.123457"), ("out.jsonl", "0.123457}")):
        write_predictions(found, tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8").endswith(f"{number}\n")
    written: list[object] = []
    monkeypatch.setattr(contact_sheet, "thumbnail", lambda path: None)
    monkeypatch.setattr(contact_sheet, "write_sheet", lambda sheet, tiles, title: written.extend(tiles))
    draw_predictions(tmp_path / "sheet.png", found, "title")
    assert "dark  12 %" in str(written[0])
