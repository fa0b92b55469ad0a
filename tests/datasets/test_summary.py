from __future__ import annotations

import numpy as np

from synthda.datasets.summary import factors


def test_a_histogram_counts_in_equal_steps_and_whole_numbers_one_by_one():
    scenes = np.zeros(
        40, dtype=[("label", "i8"), ("angle", "f4"), ("left", "i4"), ("flat", "f4"), ("noise_seed", "i8")]
    )
    scenes["angle"] = np.linspace(0, 10, 40)
    scenes["left"] = np.repeat([-1, 0, 2], [20, 15, 5])
    found = factors(scenes, {})
    assert found["angle"]["histogram"] == [4] * 10
    assert found["left"]["histogram"] == [20, 15, 0, 5]
    assert found["flat"]["histogram"] == [40]
    assert set(found) == {"angle", "left", "flat"}
