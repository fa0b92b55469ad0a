"""What a renderer draws, seen before a domain is written: a sheet of all classes, or one factor swept along rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.contact_sheet import COLUMNS, MOST_CLASS_COLUMNS, Tile, evenly, tiles_of
from synthda.datasets.domain import Domain, Scenes, factor_names
from synthda.errors import SettingError
from synthda.settings import unknown
from synthda.synth.renderer import Renderer, sample_block

BLOCKS_DRAWN = 4
"""Scenes are taken from the first blocks, 1,024 rows: drawing them is cheap, and only those that are shown are
rendered. A factor's smallest and largest value are those among them."""

STEPS = 9
MOST_CHOICES = COLUMNS
MOST_ROWS = 10
TRIED = 12
"""Scenes of a class of which the one that a factor changes most is shown."""

LONGEST_CAPTION = 13
"""Characters."""

Tiles = tuple[list[Tile | None], int]


@dataclass(frozen=True, eq=False)
class RenderedImages:
    """Images that are rendered when they are read."""

    renderer: Renderer
    scenes: Scenes

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return len(self.scenes), *self.renderer.image_shape

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self.renderer.render(self.scenes[rows])


def drawn(renderer: Renderer, seed: int = 0) -> Scenes:
    """The scenes that a preview chooses from: the first that `generate` would render with this seed."""
    scenes: Scenes = np.concatenate([sample_block(renderer, seed, block) for block in range(BLOCKS_DRAWN)])
    return scenes


def preview(renderer: Renderer, count: int, seed: int = 0) -> Tiles:
    """About `count` tiles, as many of each class, and the number of columns to lay them in."""
    scenes = drawn(renderer, seed)
    labels = scenes["label"].astype(np.int64)
    present = len(np.unique(labels))
    across = present if 2 <= present <= MOST_CLASS_COLUMNS else COLUMNS
    whole = present > MOST_CLASS_COLUMNS and count >= present  # no class is cut off at the end
    wanted = round(count / present) * present if whole else count
    domain = Domain(RenderedImages(renderer, scenes), labels, renderer.classes)
    tiles, columns = tiles_of(domain, rows=-(-wanted // across))
    return (tiles if whole else tiles[:count]), columns


def sweep(renderer: Renderer, factor: str, count: int, seed: int = 0) -> Tiles:
    """A scene a row, and along the row the same scene with `factor` set to evenly spaced values.

    The values go from the smallest to the largest that the renderer draws; of a choice they are the entries that it
    draws, each in turn. Rows show different classes, and of each class a scene in which the factor shows.

    Returns:
        About `count` tiles, at most ten rows of them, captioned with the value; and the number of columns.

    Raises:
        SettingError: for a factor that the renderer lacks, or that cannot be swept.
    """
    scenes = drawn(renderer, seed)
    values = _values(renderer, scenes, factor)
    rows = _rows_that_show_it(renderer, scenes, factor, values, min(MOST_ROWS, max(1, count // len(values))))
    captions = captions_of(values, renderer.tables.get(factor))
    tiles: list[Tile | None] = []
    for row in rows:
        images = renderer.render(_varied(scenes[row], factor, values))
        tiles += [Tile(image, words) for image, words in zip(images, captions, strict=True)]
    return tiles, len(values)


def captions_of(values: NDArray[np.generic], table: Sequence[str] | None) -> list[str]:
    """Values as they stand below tiles; of a choice the entries, `none` for a code outside of the table."""
    if table is not None:
        codes = [int(value) for value in values.tolist()]
        return [_shortened(table[code]) if 0 <= code < len(table) else "none" for code in codes]
    if values.dtype.kind != "f":
        return [str(value) for value in values.tolist()]
    span = float(values[-1]) - float(values[0])
    decimals = max(0, 2 - math.floor(math.log10(span))) if span > 0 else 2
    return [f"{round(float(value), decimals) + 0.0:.{decimals}f}" for value in values]


def _shortened(entry: str) -> str:
    """Entries such as the faces of one font differ at their end, so that the middle is left out."""
    return entry if len(entry) <= LONGEST_CAPTION else f"{entry[: LONGEST_CAPTION - 9]}…{entry[-8:]}"


def _values(renderer: Renderer, scenes: Scenes, factor: str) -> NDArray[np.generic]:
    """The values to show, ascending, in the column's own type."""
    known = factor_names(scenes)
    if factor in (scenes.dtype.names or ()) and factor not in known:
        why = "says what is shown, not how" if factor == "label" else "only numbers the draws of noise"
        raise SettingError(f"{factor} cannot be swept: it {why}. Give one of: {', '.join(known)}.")
    if factor not in known:
        raise SettingError(unknown("factor", factor, known))
    column = scenes[factor]
    if factor in renderer.tables:
        codes: NDArray[np.generic] = np.unique(column)
        values = codes[evenly(len(codes), MOST_CHOICES)]
    else:
        spaced = np.linspace(float(column.min()), float(column.max()), STEPS)
        values = np.unique((spaced if column.dtype.kind == "f" else spaced.round()).astype(column.dtype))
    if len(values) < 2:
        (always,) = captions_of(values, renderer.tables.get(factor))
        raise SettingError(f"{factor} is always {always} with these settings; give settings under which it varies.")
    return values


def _varied(scene: np.void, factor: str, values: NDArray[np.generic]) -> Scenes:
    """As many copies of a scene as there are values, each with its own value of `factor`."""
    copies = np.repeat(np.array([scene], scene.dtype), len(values))
    copies[factor] = values
    return copies


def _rows_that_show_it(
    renderer: Renderer, scenes: Scenes, factor: str, values: NDArray[np.generic], most: int
) -> list[int]:
    """Of each class, or of some, the scene among the first few that `factor` changes most.

    Many factors are without effect in most scenes: the direction of a shadow that is not there.
    """
    present = np.unique(scenes["label"])
    rows = []
    for label in present[evenly(len(present), most)]:
        some = np.flatnonzero(scenes["label"] == label)[:TRIED]
        changes = [_change(renderer, scenes[row], factor, values) for row in some]
        if max(changes) > 0:
            rows.append(int(some[int(np.argmax(changes))]))
    if not rows:
        raise SettingError(
            f"{factor} cannot be swept: alone, it changes no pixel, or the renderer cannot draw it; give another of: "
            f"{', '.join(name for name in factor_names(scenes) if name != factor)}."
        )
    return rows


def _change(renderer: Renderer, scene: np.void, factor: str, values: NDArray[np.generic]) -> float:
    """Mean absolute difference, levels, between neighbouring values; −1 where one of them cannot be rendered."""
    try:
        images = renderer.render(_varied(scene, factor, values)).astype(np.int16)
    except Exception:  # a renderer may fail in any way on a row that it would never draw
        return -1
    return float(np.abs(np.diff(images, axis=0)).mean())
