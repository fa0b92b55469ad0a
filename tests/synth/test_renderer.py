"""Scenes by seed and block: no two pairs draw the same, and what would is refused."""

from __future__ import annotations

import numpy as np
import pytest
from stripes import Stripes

from synthda.errors import SettingError
from synthda.synth.renderer import SEEDS, sample_block


def test_blocks_of_different_seeds_differ() -> None:
    drawn = {sample_block(Stripes(), seed, block).tobytes() for seed in (0, 5, 7, SEEDS - 1) for block in (0, 5, 7)}
    assert len(drawn) == 12


def test_a_seed_whose_blocks_are_those_of_another_is_refused() -> None:
    assert np.random.default_rng([7 * SEEDS + 5, 0]).random() == np.random.default_rng([5, 7]).random()
    with pytest.raises(SettingError, match="larger seeds repeat their images"):
        sample_block(Stripes(), 7 * SEEDS + 5, 0)
