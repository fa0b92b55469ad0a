"""Predictions as CSV, JSON lines or a contact sheet, whole or not at all; no torch."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TextIO

from synthda.adapt.predict import Prediction
from synthda.errors import SettingError
from synthda.manifest import written_then_named

STDOUT = Path("-")


def write_predictions(predictions: Iterable[Prediction], out: Path) -> list[Prediction]:
    """Write path, class and confidence of each photograph; returns all predictions, unreadable files among them.

    Args:
        predictions: in the order of the lines; those with an error are left out of the file.
        out: `.csv` has a header line, `.jsonl` an object a line; `-` is CSV on stdout.

    Raises:
        SettingError: for another suffix.
        SynthdaError: when the file cannot be written.
    """
    if out == STDOUT:
        return _write(predictions, sys.stdout, _csv_writer)
    writers = {".csv": _csv_writer, ".jsonl": _json_writer}
    if out.suffix.lower() not in writers:
        raise SettingError(
            f"--out {out} has no known suffix; give a name that ends in .csv or .jsonl, or - for stdout."
        )
    with written_then_named(out) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        return _write(predictions, file, writers[out.suffix.lower()])


def draw_predictions(sheet: Path, predictions: Sequence[Prediction], title: str) -> None:
    """Write a contact sheet (PNG) of photographs, evenly chosen, each with its class and confidence."""
    from synthda.datasets.contact_sheet import COLUMNS, Tile, evenly, thumbnail, write_sheet

    shown = [predictions[place] for place in evenly(len(predictions), 8 * COLUMNS)]
    tiles = [Tile(thumbnail(one.path), f"{one.label}  {100 * one.confidence:.0f} %") for one in shown]
    write_sheet(sheet, tiles, title=title)


def _write(
    predictions: Iterable[Prediction], file: TextIO, writer: Callable[[TextIO], Callable[[Prediction], None]]
) -> list[Prediction]:
    write_line = writer(file)
    done = []
    for prediction in predictions:
        if not prediction.error:
            write_line(prediction)
        done.append(prediction)
    file.flush()
    return done


def _csv_writer(file: TextIO) -> Callable[[Prediction], None]:
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(("path", "class", "confidence"))

    def write_line(prediction: Prediction) -> None:
        lines.writerow((prediction.path, prediction.label, f"{prediction.confidence:.6f}"))

    return write_line


def _json_writer(file: TextIO) -> Callable[[Prediction], None]:
    def write_line(prediction: Prediction) -> None:
        found = {"path": str(prediction.path), "class": prediction.label, "confidence": round(prediction.confidence, 6)}
        file.write(json.dumps(found, ensure_ascii=False) + "\n")

    return write_line
