"""What is known of each image, as JSON that any tool reads and that gives back the same scene table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import UNLABELLED, Domain, Scenes
from synthda.errors import DataError
from synthda.manifest import read_manifest

EXPORT = "synthda.json"
"""Manifest of an exported folder, written last: what its format cannot say, so that the domain can be made again."""

RESERVED = frozenset({"image", "file_name", "label", "label_name"})
"""Keys that formats use; a factor of such a name is written as `scene_NAME`."""

NOT_DRAWN = -1
"""The code of a choice that a scene does not make; null in JSON."""

Record = dict[str, Any]


@dataclass(frozen=True)
class Layout:
    """What an export says of its images as a whole.

    Attributes:
        count: images.
        image_shape: H, W, 3.
        classes: class names, in the order of the labels.
        columns: of the scene table, type by name; empty where there is none.
        tables: by choice column, what each code means.
    """

    name: str
    count: int
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    columns: dict[str, str]
    tables: dict[str, tuple[str, ...]]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the scene table."""
        return np.dtype([(name, kind) for name, kind in self.columns.items()])

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def layout_of(domain: Domain, tables: Mapping[str, Sequence[str]]) -> Layout:
    """The layout of a domain that is to be exported."""
    height, width, channels = domain.images.shape[1:]
    columns: dict[str, str] = {}
    if domain.scenes is not None:
        columns = {name: domain.scenes.dtype[name].str for name in domain.scenes.dtype.names or ()}
    return Layout(
        name=domain.name,
        count=len(domain),
        image_shape=(height, width, channels),
        classes=domain.classes,
        columns=columns,
        tables={name: tuple(tables[name]) for name in columns if name in tables},
    )


def read_layout(path: Path) -> tuple[Layout, dict[str, Any]]:
    """The layout in an export's manifest, and the manifest.

    Raises:
        DataError: when it is damaged, or holds a column that is not of plain numbers.
    """
    manifest = read_manifest(path)
    try:
        height, width, channels = (int(side) for side in manifest["image_shape"])
        layout = Layout(
            name=str(manifest["name"]),
            count=int(manifest["count"]),
            image_shape=(height, width, channels),
            classes=tuple(str(name) for name in manifest["classes"]),
            columns={str(name): str(kind) for name, kind in manifest["columns"].items()},
            tables={str(name): tuple(str(entry) for entry in table) for name, table in manifest["tables"].items()},
        )
        manifest |= {name: dict(manifest.get(name) or {}) for name in ("files", "origin")}
        plain = all(np.dtype(kind).kind in "iufb" for kind in layout.columns.values())
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{path} is incomplete or damaged ({error}); convert the domain again.") from error
    if not plain:
        raise DataError(f"{path} names a column that is not of plain numbers; convert the domain again.")
    return layout, manifest


@dataclass(frozen=True)
class Records:
    """The records of a domain's rows, ready for JSON: label, name of the class, and every factor."""

    domain: Domain
    layout: Layout

    def rows(self, first: int, last: int) -> list[Record]:
        """One record for each of the rows first…last−1; choices as their entries, NaN as None.

        Raises:
            DataError: for a code outside of its table, or an infinite factor.
        """
        labels = self.domain.labels[first:last].tolist()
        names = [self.domain.classes[label] if label != UNLABELLED else None for label in labels]
        columns: dict[str, list[Any]] = {"label": labels, "label_name": names}
        for name in self._columns:
            assert self.domain.scenes is not None
            columns[key_of(name)] = _as_json(name, self.domain.scenes[name][first:last], self._entries.get(name))
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]

    @cached_property
    def _columns(self) -> list[str]:
        """All columns but a `label` that only repeats the labels."""
        scenes = self.domain.scenes
        if scenes is None:
            return []
        repeated = "label" in self.layout.columns and np.array_equal(scenes["label"], self.domain.labels)
        return [name for name in self.layout.columns if name != "label" or not repeated]

    @cached_property
    def _entries(self) -> dict[str, list[str]]:
        return {name: distinct(table) for name, table in self.layout.tables.items()}


def scenes_of(records: Sequence[Mapping[str, Any]], labels: NDArray[np.int64], layout: Layout | None) -> Scenes | None:
    """The scene table that the records were written from; None where there was none.

    Raises:
        DataError: when a record lacks a factor, or holds a value that its column cannot.
    """
    if layout is None or not layout.columns:
        return None
    scenes = np.empty(len(records), layout.dtype)
    for name in layout.columns:
        key = key_of(name)
        if name == "label" and records and key not in records[0]:
            scenes[name] = labels
            continue
        table = layout.tables.get(name)
        codes = None if table is None else {entry: code for code, entry in enumerate(distinct(table))}
        try:
            scenes[name] = _as_column([record[key] for record in records], layout.dtype[name], codes)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DataError(f"The factor {name} cannot be read back ({error}); convert the domain again.") from error
    return scenes


def key_of(column: str) -> str:
    """The key under which a scene column is written."""
    return f"scene_{column}" if column in RESERVED else column


def distinct(table: Sequence[str]) -> list[str]:
    """A table's entries, the second of two alike with a number, so that each tells its code."""
    entries: dict[str, None] = {}
    for entry in table:
        number, name = 1, str(entry)
        while name in entries:
            number += 1
            name = f"{entry} ({number})"
        entries[name] = None
    return list(entries)


def _as_json(name: str, column: NDArray[Any], entries: Sequence[str] | None) -> list[Any]:
    if entries is not None:
        codes = column.tolist()
        if any(not NOT_DRAWN <= code < len(entries) for code in codes):
            raise DataError(f"The scene column {name} holds a code outside of its {len(entries)} choices.")
        return [None if code == NOT_DRAWN else entries[int(code)] for code in codes]
    if column.dtype.kind != "f":
        plain: list[Any] = column.tolist()
        return plain
    if np.isinf(column).any():
        raise DataError(f"The scene column {name} holds an infinite number, for which JSON has no sign.")
    # The shortest decimals that give back the same bits: 0.1, not 0.10000000149011612.
    numbers = [float(text) for text in column.astype(str).tolist()]
    return [None if math.isnan(number) else number for number in numbers]


def _as_column(values: Sequence[Any], dtype: np.dtype[Any], codes: Mapping[str, int] | None) -> NDArray[Any]:
    if codes is not None:
        return np.array([NOT_DRAWN if value is None else codes[value] for value in values], dtype)
    if dtype.kind == "f":
        return np.array([math.nan if value is None else value for value in values], dtype)
    return np.array(values, dtype)
