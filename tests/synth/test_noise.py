from __future__ import annotations

import numpy as np
import pytest

from synthda.synth.noise import fractal_patches, patches, smooth

SEEDS = np.arange(400, dtype=np.uint32)


@pytest.mark.parametrize("size", [8, 32, 100])
def test_a_patch_is_a_function_of_its_own_seed(size: int) -> None:
    whole = patches(SEEDS, size, 4, 7)
    assert whole.shape == (400, size, size)
    for row in (0, 5, 399):
        assert (patches(SEEDS[row : row + 1], size, 4, 7)[0] == whole[row]).all()


def test_patches_of_two_seeds_or_two_salts_differ() -> None:
    first, other = patches(SEEDS, 32, 4, 0), patches(SEEDS, 32, 4, 1)
    assert (first != other).any(axis=(1, 2)).mean() > 0.99
    assert len({patch.tobytes() for patch in first}) > 390


def test_patches_vary_as_much_and_as_smoothly_as_hashed_noise() -> None:
    cut, hashed = patches(SEEDS, 32, 4, 0), smooth(SEEDS, 32, 4, 0)
    assert cut.std() == pytest.approx(hashed.std(), rel=0.15)
    steps = [np.abs(np.diff(field, axis=2)).mean() for field in (cut, hashed)]
    assert steps[0] == pytest.approx(steps[1], rel=0.2)


def test_rough_patches_have_more_detail() -> None:
    calm, rough = (fractal_patches(SEEDS, 32, np.full(400, weight, np.float32), 0) for weight in (0, 1))
    assert (calm == patches(SEEDS, 32, 3, 0)).all()
    assert np.abs(np.diff(rough, axis=2)).mean() > 2 * np.abs(np.diff(calm, axis=2)).mean()
