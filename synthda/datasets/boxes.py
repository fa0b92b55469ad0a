"""Boxes in photographs, from COCO JSON or CSV, and the crops inside them."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.photos import read_upright
from synthda.datasets.resize import Fit, Size, check_size, fit_image
from synthda.errors import DataError

BoxInPixels = tuple[float, float, float, float]
"""x, y, w, h: left and upper edge, width and height in pixels of the upright photograph, as in COCO."""

COLUMNS = ("path", "x", "y", "w", "h")


@dataclass(frozen=True)
class Boxed:
    """A photograph and its boxes, in the order of the file that names them."""

    path: Path
    boxes: tuple[BoxInPixels, ...]


def read_boxes(file: Path, photos: Path) -> list[Boxed]:
    """The photographs that a file of boxes names, in the order in which it first names each.

    Args:
        file: `.json` as in COCO (`images` with `id` and `file_name`, `annotations` with `image_id` and `bbox`), or
            `.csv` with the columns path, x, y, w, h.
        photos: the folder that the paths are relative to, or a single photograph; nothing beyond it is opened.

    Raises:
        DataError: when the file is missing, damaged, of another kind or without a box; when a path leads out of the
            folder.
    """
    readers = {".json": _coco, ".csv": _csv}
    if file.suffix.lower() not in readers:
        raise DataError(
            f"{file} has no known suffix; give COCO's .json, or .csv with the columns {', '.join(COLUMNS)}."
        )
    if not photos.exists():
        raise DataError(f"There is no folder {photos}; give the folder of the photographs that {file} names.")
    found: dict[str, list[BoxInPixels]] = {}
    try:
        for name, box in readers[file.suffix.lower()](file):
            found.setdefault(name, []).append(box)
    except (OSError, ValueError, KeyError, TypeError, csv.Error, RecursionError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        reason = error.strerror or reason if isinstance(error, OSError) else reason
        raise DataError(f"The boxes in {file} cannot be read ({reason}); give COCO's JSON or CSV.") from error
    if not found:
        raise DataError(f"There is no box in {file}; give one line, or one annotation, for each.")
    return [Boxed(_inside(photos, name, file), tuple(boxes)) for name, boxes in found.items()]


def read_crops(
    path: Path, boxes: Sequence[BoxInPixels], size: Size, fit: Fit = "stretch"
) -> list[NDArray[np.uint8] | str]:
    """Decode a photograph once, whole and upright, and cut out each box.

    A box is clipped to the photograph; pixels next to it take part in the filter at its edges, as in `read_photo`.

    Returns:
        For each box (H, W, 3) uint8, or why there is none: nothing of the box lies in the photograph.

    Raises:
        PhotoError: as `read_photo`.
    """
    check_size(size, fit)
    image = read_upright(path)
    found: list[NDArray[np.uint8] | str] = []
    for box in boxes:
        inside = _clipped(box, image.width, image.height)
        if inside is None:
            found.append(f"nothing of the box {_shown(box)} lies in its {image.width} × {image.height} pixels")
        else:
            found.append(np.asarray(fit_image(image, size, fit, inside)))
    return found


def _clipped(box: BoxInPixels, width: int, height: int) -> BoxInPixels | None:
    """The part of the box in the photograph as fractions: left, upper, right, lower; None where there is none."""
    x, y, w, h = box
    left, right = max(0.0, x) / width, min(float(width), x + w) / width
    upper, lower = max(0.0, y) / height, min(float(height), y + h) / height
    return None if right <= left or lower <= upper else (left, upper, right, lower)


def _coco(file: Path) -> Iterator[tuple[str, BoxInPixels]]:
    content: Any = json.loads(file.read_text(encoding="utf-8"))
    if isinstance(content, list):
        raise ValueError("it is a list, as detectors write, which names no files; it needs `images` and `annotations`")
    if not isinstance(content, dict):
        raise ValueError("it is no JSON object")
    names = {image["id"]: str(image["file_name"]) for image in content["images"]}
    for place, annotation in enumerate(content["annotations"], 1):
        if annotation["image_id"] not in names:
            raise ValueError(f"annotation {place} is of image {annotation['image_id']!r}, which is not listed")
        yield names[annotation["image_id"]], _box(annotation["bbox"], f"annotation {place}")


def _csv(file: Path) -> Iterator[tuple[str, BoxInPixels]]:
    with file.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"its first line lacks {', '.join(missing)}; it needs {','.join(COLUMNS)}")
        for row in reader:
            if not row["path"]:
                raise ValueError(f"line {reader.line_num} names no file")
            yield row["path"], _box([row[name] for name in COLUMNS[1:]], f"line {reader.line_num}")


def _box(values: Sequence[Any], where: str) -> BoxInPixels:
    if not isinstance(values, list) or len(values) != 4:
        raise ValueError(f"{where} has no x, y, w, h")
    try:
        x, y, w, h = (float(value) for value in values)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{where} has {values!r}, which are not four numbers") from None
    if not all(math.isfinite(value) for value in (x, y, w, h)):
        raise ValueError(f"{where} has {values!r}, which are not four numbers")
    return x, y, w, h


def _inside(photos: Path, name: str, file: Path) -> Path:
    """Where a photograph lies: below the folder, by its path from there or from here; or the one photograph itself."""
    if photos.is_file():
        if Path(name).name == photos.name:
            return photos
        raise DataError(
            f"{file} also names {name}; give the folder of all its photographs, or boxes of {photos} alone."
        )
    candidates = [path for path in (photos / name, Path(name)) if _is_below(photos, path)]
    if candidates:
        return next((path for path in candidates if path.exists()), candidates[0])
    raise DataError(f"{file} names {name}, which is not in {photos}; give the folder that its paths are relative to.")


def _is_below(folder: Path, path: Path) -> bool:
    """By their names, so that a link in the folder may lead elsewhere, and `..` may not."""
    return Path(os.path.abspath(path)).is_relative_to(os.path.abspath(folder))


def _shown(box: BoxInPixels) -> str:
    return ",".join(f"{value:g}" for value in box)
