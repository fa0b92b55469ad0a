from __future__ import annotations

import numpy as np
import pytest

from synthda.synth.backgrounds import COLUMNS, PHOTOGRAPH, paint
from synthda.synth.renderer import columns


@pytest.mark.parametrize("most", [10, 200])
def test_a_photograph_deviates_from_the_ground_by_its_contrast_at_most(most: float) -> None:
    scene = np.zeros(1, columns(ground_r="u1", ground_g="u1", ground_b="u1", noise_seed="u4", **COLUMNS))
    for name, value in (("ground_r", 200), ("background", PHOTOGRAPH), ("photo_zoom", 1), ("photo_contrast", most)):
        scene[name] = value
    photograph = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    painted = paint(scene, 32, [photograph])[0].transpose(1, 2, 0)
    np.testing.assert_allclose(painted.mean(axis=(0, 1)), (200, 0, 0), atol=1e-3)
    own = (photograph - photograph.mean(axis=(0, 1))).std()
    assert (painted - painted.mean(axis=(0, 1))).std() == pytest.approx(min(most, own), rel=1e-3)
