from __future__ import annotations

import numpy as np
import pytest

from synthda.datasets.domain import Scenes
from synthda.synth.perspective import POSE, homographies
from synthda.synth.renderer import columns

SIZE = 60


def poses(n: int = 1, /, **values: object) -> Scenes:
    scenes = np.zeros(n, columns(**POSE))
    for name, value in ({"scale": 0.5, "aspect": 1, "distance": 2} | values).items():
        scenes[name] = value
    return scenes


def test_a_plane_is_turned_in_space_and_not_bent() -> None:
    """What a homography holds of the rotation, before depth, place and size, is two unit vectors at right angles."""
    rng = np.random.default_rng(0)
    yaw, pitch, roll = rng.uniform(-80, 80, (3, 50))
    distance = rng.uniform(1, 5, 50)
    scenes = poses(50, yaw=yaw, pitch=pitch, roll=roll, distance=distance, shift_x=0.1, shift_y=-0.2, aspect=1.5)
    turned = homographies(scenes, SIZE)[:, :, :2]
    for row, (centre, side) in enumerate(((0.6 * SIZE - 0.5, 0.5 * SIZE * 1.5), (0.3 * SIZE - 0.5, 0.5 * SIZE))):
        turned[:, row] = (turned[:, row] - centre * turned[:, 2]) / side
    turned[:, 2] *= distance[:, None]
    np.testing.assert_allclose(turned.transpose(0, 2, 1) @ turned, np.tile(np.eye(2), (50, 1, 1)), atol=1e-5)


@pytest.mark.parametrize(
    ("turn", "place", "depth"),
    [
        ({"yaw": 30}, (0.5, 0), 1 - 0.5 * 0.5 / 2),  # the right side comes nearer
        ({"yaw": -30}, (0.5, 0), 1 + 0.5 * 0.5 / 2),
        ({"pitch": -30}, (0, -0.5), 1 + 0.5 * 0.5 / 2),  # the top goes away
        ({"pitch": 30}, (0, -0.5), 1 - 0.5 * 0.5 / 2),
        ({"roll": 30}, (0.5, 0.5), 1),
    ],
)
def test_yaw_brings_the_right_nearer_and_pitch_the_top(
    turn: dict[str, float], place: tuple[float, float], depth: float
) -> None:
    assert (homographies(poses(**turn), SIZE)[0] @ [*place, 1])[2] == pytest.approx(depth)
