"""Predictions as CSV, JSON lines or a contact sheet, whole or not at all; no torch."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.predict import Prediction
from synthda.datasets.boxes import read_crops
from synthda.errors import SettingError
from synthda.manifest import json_text, written_then_named

STDOUT = Path("-")
EDGES = ("x", "y", "w", "h")
TILE = (96, 96)
WriteLine = Callable[[Prediction], None]


def write_predictions(predictions: Iterable[Prediction], out: Path, *, boxes: bool = False) -> list[Prediction]:
    """Write path, class and confidence of each photograph; returns all predictions, unreadable files among them.

    Args:
        predictions: in the order of the lines; those with an error are left out of the file.
        boxes: whether they are of boxes, whose x, y, w, h are written, too, as they were given.
        out: `.csv` has a header line, `.jsonl` an object a line; `-` is CSV on stdout.

    Raises:
        SettingError: for another suffix.
        SynthdaError: when the file cannot be written.
    """
    if out == STDOUT:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")  # as in a file, whatever the system's
        return _write(predictions, sys.stdout, _csv_writer, boxes)
    writers = {".csv": _csv_writer, ".jsonl": _json_writer}
    if out.suffix.lower() not in writers:
        raise SettingError(
            f"--out {out} has no known suffix; give a name that ends in .csv or .jsonl, or - for stdout."
        )
    with (
        written_then_named(out) as partial,
        partial.open(
            "w",
            encoding="utf-8",
            errors="surrogateescape",
            newline="",  # a name that is no UTF-8 comes back as it was
        ) as file,
    ):
        return _write(predictions, file, writers[out.suffix.lower()], boxes)


def draw_predictions(sheet: Path, predictions: Sequence[Prediction], title: str) -> None:
    """Write a contact sheet (PNG) of photographs, evenly chosen, each with its class and confidence."""
    from synthda.datasets.contact_sheet import COLUMNS, Tile, evenly, thumbnail, write_sheet

    shown = [predictions[place] for place in evenly(len(predictions), 8 * COLUMNS)]
    tiles = [Tile(_tile(one, thumbnail), f"{one.label}  {100 * one.confidence:.0f} %") for one in shown]
    write_sheet(sheet, tiles, title=title)


def _tile(one: Prediction, thumbnail: Callable[[Path], NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The photograph, or what its box shows."""
    if one.box is None:
        return thumbnail(one.path)
    (crop,) = read_crops(one.path, [one.box], TILE, "pad")
    assert not isinstance(crop, str)
    return crop


def _write(
    predictions: Iterable[Prediction], file: TextIO, writer: Callable[[TextIO, bool], WriteLine], boxes: bool
) -> list[Prediction]:
    write_line = writer(file, boxes)
    done = []
    for prediction in predictions:
        if not prediction.error:
            write_line(prediction)
        done.append(prediction)
    file.flush()
    return done


def _csv_writer(file: TextIO, boxes: bool) -> WriteLine:
    lines, quoted = (csv.writer(file, lineterminator="\n", quoting=how) for how in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    lines.writerow(("path", *(EDGES if boxes else ()), "class", "confidence"))

    def write_line(prediction: Prediction) -> None:
        edges = [f"{int(value)}" if value == int(value) else repr(value) for value in prediction.box or ()]
        fields = (str(prediction.path), *edges, prediction.label, f"{prediction.confidence:.6f}")
        # Before Python 3.13 a carriage return alone is not quoted, and readers break the line there.
        (quoted if any("\r" in field for field in fields) else lines).writerow(fields)

    return write_line


def _json_writer(file: TextIO, boxes: bool) -> WriteLine:
    def write_line(prediction: Prediction) -> None:
        box = dict(zip(EDGES, prediction.box, strict=True)) if prediction.box else {}
        found = {"class": prediction.label, "confidence": round(prediction.confidence, 6)}
        file.write(json_text({"path": str(prediction.path), **box, **found}) + "\n")

    return write_line
