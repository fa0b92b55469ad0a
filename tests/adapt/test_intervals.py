"""How sure an accuracy is: intervals beside the binomial one, of groups, and where all are right."""

from __future__ import annotations

import numpy as np
import pytest

from synthda.adapt.intervals import bootstrap_interval, wilson_interval


def test_the_interval_covers_the_binomial_one_and_widens_with_dependent_images() -> None:
    right = np.arange(1000) % 10 < 8
    low, high = bootstrap_interval(right)
    half = 1.96 * (0.8 * 0.2 / 1000) ** 0.5
    assert (0.8 - low, high - 0.8) == (pytest.approx(half, abs=0.006), pytest.approx(half, abs=0.006))
    in_groups = bootstrap_interval(np.repeat(right[:50], 20), np.repeat(np.arange(50), 20))
    assert in_groups[1] - in_groups[0] > 3 * (high - low)


def test_the_interval_is_that_of_images_drawn_one_by_one() -> None:
    right = np.arange(300) < 200
    alone = bootstrap_interval(right, np.arange(300))
    assert bootstrap_interval(right) == pytest.approx(alone, abs=0.008)


def test_where_all_are_right_or_none_is_the_interval_is_wilsons() -> None:
    """The rule of three: with 40 of 40 right, up to 3/40 of others may be wrong; and 8 tracks of 5 count 8."""
    low, high = bootstrap_interval(np.ones(40, dtype=bool))
    assert (low, high) == (pytest.approx(40 / (40 + 1.96**2), abs=1e-4), 1.0)
    assert bootstrap_interval(np.zeros(40, dtype=bool)) == (0.0, pytest.approx(1 - low))
    assert bootstrap_interval(np.ones(40, dtype=bool), np.arange(40) // 5) == wilson_interval(8, 8)


def test_wilsons_interval_is_the_one_in_print() -> None:
    # Newcombe 1998, Statistics in Medicine 17, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for hits, n, low, high in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)]:
        assert wilson_interval(hits, n) == pytest.approx((low, high), abs=5e-5)
    assert wilson_interval(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)
    assert wilson_interval(29, 29)[1] == 1
