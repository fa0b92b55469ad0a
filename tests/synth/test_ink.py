from __future__ import annotations

import numpy as np
import pytest

from synthda.synth.charsets import faces_of
from synthda.synth.fonts import DIGITS
from synthda.synth.ink import BESIDE, COLUMNS, NONE, lay
from synthda.synth.lettering import glyph
from synthda.synth.renderer import columns

SCENE = columns(noise_seed="u4", **COLUMNS)
FACES = faces_of("digits", "matplotlib")
SIZE = 96
BOLD = next(code for code, face in enumerate(FACES) if face.name == "DejaVu Sans Bold")


def scene(label: int, **values: float) -> np.ndarray:
    """One upright digit half as tall as the frame."""
    row = np.zeros(1, SCENE)
    for name in BESIDE:
        row[name] = NONE
    row["label"], row["font"], row["scale"], row["aspect"] = label, BOLD, 0.5, 1
    for name, value in values.items():
        row[name] = value
    return row


def inked(row: np.ndarray) -> np.ndarray:
    covered: np.ndarray = lay(row, SIZE, FACES, DIGITS).field[0] > 0
    return covered


def extent(covered: np.ndarray, axis: int) -> tuple[int, int]:
    at = np.flatnonzero(covered.any(axis=axis))
    return int(at[0]), int(at[-1]) + 1


def test_a_digit_has_its_height_and_its_fonts_width() -> None:
    covered = inked(scene(8))
    top, bottom = extent(covered, 1)
    left, right = extent(covered, 0)
    assert bottom - top == pytest.approx(0.5 * SIZE, abs=2)
    own = glyph(FACES[BOLD], "8", 96)
    assert right - left == pytest.approx(0.5 * SIZE * own.width / 96, abs=2)
    assert (top + bottom) / 2 == pytest.approx(SIZE / 2, abs=1)


def test_the_aspect_widens_and_does_not_heighten() -> None:
    narrow, wide = (inked(scene(0, aspect=aspect)) for aspect in (1, 2))
    assert extent(wide, 1) == pytest.approx(extent(narrow, 1), abs=1)
    assert np.ptp(extent(wide, 0)) == pytest.approx(2 * np.ptp(extent(narrow, 0)), abs=3)


@pytest.mark.parametrize(("side", "axis"), [("left", 0), ("right", 0), ("above", 1), ("below", 1)])
def test_a_neighbour_stands_at_its_gap(side: str, axis: int) -> None:
    alone = extent(inked(scene(0, scale=0.3)), axis)
    covered = inked(scene(0, scale=0.3, spacing=0.25, line_gap=0.25, **{side: 0}))
    along = covered.any(axis=axis)
    first, last = extent(covered, axis)
    assert (~along[first:last]).sum() == pytest.approx(0.25 * 0.3 * SIZE, abs=2)
    if side in ("left", "above"):
        assert last == pytest.approx(alone[1], abs=1)
        assert first < alone[0] - 10
    else:
        assert first == pytest.approx(alone[0], abs=1)
        assert last > alone[1] + 10


def test_a_stencil_takes_a_bridge_out_of_the_middle() -> None:
    whole, cut = inked(scene(1, scale=0.8)), inked(scene(1, scale=0.8, stencil=0.1, stencil_angle=90))
    gone = whole & ~cut
    top, bottom = extent(gone, 1)
    assert bottom - top == pytest.approx(0.1 * 0.8 * SIZE, abs=2)
    assert (top + bottom) / 2 == pytest.approx(SIZE / 2, abs=1)
    assert not (cut & ~whole).any()


def test_weight_thickens_each_side_of_a_stroke() -> None:
    thin, thick = (inked(scene(1, scale=0.8, weight=weight)) for weight in (0, 0.05))
    row = SIZE // 2  # through the stem
    assert thick[row].sum() - thin[row].sum() == pytest.approx(2 * 0.05 * 0.8 * SIZE, abs=2)


def test_a_stroke_loses_two_fifths_of_its_width_at_most() -> None:
    whole, thinned = (inked(scene(1, scale=0.8, weight=weight))[SIZE // 2].sum() for weight in (0, -1))
    assert thinned == pytest.approx(0.6 * whole, abs=2)
    thinnest = min(range(len(FACES)), key=lambda code: glyph(FACES[code], "1", 24).half_stroke)
    assert inked(scene(1, scale=0.8, weight=-1, font=thinnest)).any()


def test_a_dry_brush_leaves_streaks_that_lie_level() -> None:
    field, smooth = (lay(scene(1, scale=0.9, streaks=streaks), SIZE, FACES, DIGITS).field[0] for streaks in (0.1, 0))
    change = field - smooth
    assert np.abs(change).max() > 2
    assert np.abs(np.diff(change, axis=0)).mean() > 3 * np.abs(np.diff(change, axis=1)).mean()


def test_wobble_bends_and_wear_roughens_by_the_rows_seed() -> None:
    for factor in ("wobble", "wear"):
        first, again, other = (
            inked(scene(8, noise_seed=seed, **{factor: 0.2 if factor == "wobble" else 1})) for seed in (1, 1, 2)
        )
        assert (first == again).all()
        assert (first != other).any()
        assert (first != inked(scene(8))).any()
