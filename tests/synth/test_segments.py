from __future__ import annotations

import numpy as np
import pytest

from synthda.synth.segments import LIT, WIDTH, SegmentDisplay, segment_displays


def test_each_digit_lights_its_segments() -> None:
    """Counted by hand: 0 6, 1 2, 2 5, 3 5, 4 4, 5 5, 6 6, 7 3, 8 7, 9 6."""
    assert [len(lit) for lit in LIT] == [6, 2, 5, 5, 4, 5, 6, 3, 7, 6]
    assert len({frozenset(lit) for lit in LIT}) == 10


def test_the_segments_lie_where_a_display_has_them() -> None:
    display = SegmentDisplay(thickness=0.1, gap=0.02, lean=0.0, pointed=True, tails=True)
    tall = 200
    middles = {  # of each segment, fractions of width and height
        "a": (0.5, 0.05),
        "b": (0.91, 0.28),
        "c": (0.91, 0.72),
        "d": (0.5, 0.95),
        "e": (0.09, 0.72),
        "f": (0.09, 0.28),
        "g": (0.5, 0.5),
    }
    for digit in range(10):
        ink = display.mask(str(digit), tall)
        assert ink.shape == (tall, round(WIDTH * tall))
        for segment, (x, y) in middles.items():
            shines = ink[round(y * tall), round(x * WIDTH * tall)]
            assert shines == (segment in LIT[digit]), (digit, segment)


def test_the_gap_parts_the_segments() -> None:
    """Along the left edge of an 8 there is ink, then the gap at half height, then ink."""
    for pointed in (True, False):
        display = SegmentDisplay(thickness=0.1, gap=0.04, lean=0.0, pointed=pointed, tails=True)
        edge = display.mask("8", 400)[:, 20]  # the middle of the upright segments
        assert edge[100]
        assert edge[300]
        assert not edge[200]
        assert 0.02 * 400 <= (~edge[150:250]).sum() <= 0.08 * 400


def test_lean_moves_the_top_and_leaves_the_bottom() -> None:
    upright, leaning = (SegmentDisplay(0.1, 0.02, lean, True, True).mask("8", 300) for lean in (0.0, 0.2))
    first = [np.flatnonzero(ink[280])[0] for ink in (upright, leaning)]
    assert first[0] == pytest.approx(first[1], abs=0.2 * 20 + 1)
    last = [np.flatnonzero(ink[20])[-1] for ink in (upright, leaning)]
    assert last[1] - last[0] == pytest.approx(0.2 * 280, abs=2)


def test_each_display_has_ten_different_digits_and_a_name_of_its_own() -> None:
    displays = segment_displays()
    assert len({display.name for display in displays}) == len(displays)
    for display in displays[::5]:
        masks = [display.mask(digit, 60) for digit in "0123456789"]
        assert len({mask.tobytes() for mask in masks}) == 10
