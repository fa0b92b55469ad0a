from __future__ import annotations

import numpy as np
import pytest

from synthda.synth.grips import Held, hand

PACK = Held(0.5, 0.5, 0.18, 0.38, 10, True)
FRUIT = Held(0.5, 0.45, 0.2, 0.2, 0, False)


@pytest.mark.parametrize("held", [PACK, FRUIT], ids=["pack", "fruit"])
@pytest.mark.parametrize("seed", range(6))
def test_a_hand_enters_from_an_edge_and_covers_part_of_what_it_holds(held: Held, seed: int) -> None:
    back, front = hand(held, 0.3, seed, 96)
    rim = np.concatenate([back.alpha[-1], back.alpha[:, 0], back.alpha[:, -1]])
    assert rim.max() > 0.9
    y, x = (np.mgrid[:96, :96] + 0.5) / 96
    inside = (np.abs(x - held.x) < held.half_width * 0.9) & (np.abs(y - held.y) < held.half_height * 0.9)
    assert 0 < (front.alpha[inside] > 0.5).mean() < 0.5


def test_skin_goes_from_light_to_dark() -> None:
    levels = [hand(PACK, skin, 3, 64)[1] for skin in (0.0, 0.5, 1.0)]
    means = [layer.colour[layer.alpha > 0.9].mean() for layer in levels]
    assert means[0] > means[1] > means[2]


def test_a_hand_looks_alike_at_every_size() -> None:
    small, large = (hand(PACK, 0.2, 5, size)[0].alpha for size in (48, 96))
    assert np.abs(large.reshape(48, 2, 48, 2).mean(axis=(1, 3)) - small).mean() < 0.01
