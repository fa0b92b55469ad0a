from __future__ import annotations

import numpy as np
import pytest

from synthda.datasets.domain import Scenes
from synthda.synth import plates
from synthda.synth.syn_signs import SCENE
from synthda.synth.templates import SIDE, Template

SIZE = 60
RED, BLUE = (255, 0, 0, 255), (0, 0, 255, 255)
PLATES = tuple(
    Template(name, name, np.full((SIDE, SIDE, 4), colour, np.uint8), "")
    for name, colour in (("red", RED), ("blue", BLUE))
)
AT_REST = {"scale": 0.4, "aspect": 1, "distance": 100, "vivid": 1, "neighbour": plates.NONE}


def plate(**values: float) -> Scenes:
    """The red plate, two fifths as tall as the frame, alone and at rest."""
    row = np.zeros(1, SCENE)
    for name, value in (AT_REST | values).items():
        row[name] = value
    return row


@pytest.mark.parametrize(("neighbour_at", "there", "free"), [(0, 8, 51), (1, 51, 8)])
def test_a_neighbour_stands_above_or_below(neighbour_at: int, there: int, free: int) -> None:
    column = plates.seen(plate(neighbour=1, neighbour_at=neighbour_at), PLATES, SIZE)[0, :, :, SIZE // 2]
    assert tuple(column[:, SIZE // 2]) == RED
    assert tuple(column[:, there]) == BLUE
    assert not column[:, free].any()


def test_a_sign_hides_what_is_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plates, "BESIDE", 0.5)  # half of the neighbour is behind the sign
    column = plates.seen(plate(neighbour=1), PLATES, SIZE)[0, :, :, SIZE // 2]
    assert tuple(column[:, 20]) == RED
    assert tuple(column[:, 12]) == BLUE


def test_faded_paint_becomes_grey_and_a_fifth_of_it_white() -> None:
    sign = np.array([[0, 0, 0, 255], RED], np.float32).reshape(2, 4, 1, 1)
    faded = plates.surface(sign, plate(fade=1).repeat(2), 1)[:, :, 0, 0]
    np.testing.assert_allclose(faded[0], 0.2 * 255, rtol=1e-4)
    np.testing.assert_allclose(faded[1], 0.8 * 0.299 * 255 + 0.2 * 255, rtol=1e-4)


def test_what_stands_before_a_sign_covers_its_share_of_the_frame_from_one_side() -> None:
    image = np.full((1, 3, 64, 64), 255, np.float32)
    plates.hide(image, plate(occluder=0.25), 64)
    assert (image == 0).mean() == pytest.approx(0.25, abs=0.05)
    assert (image[..., :40] == 255).all()


def test_one_side_is_lit_less_by_its_share_and_a_shadow_begins_at_its_border() -> None:
    uneven = plates.falling_light(plate(light=0.5), SIZE)[0, 0]
    edge = 0.7 * (0.5 - 0.5 / SIZE)
    assert (uneven[0], uneven[-1]) == pytest.approx((1 - 0.5 * (0.5 - edge), 1 - 0.5 * (0.5 + edge)), abs=1e-5)
    shaded = plates.falling_light(plate(shadow=0.6, shadow_at=0.1, shadow_soft=0.05), SIZE)[0, 0]
    assert (shaded[:34] == 1).all()
    np.testing.assert_allclose(shaded[38:], 0.4, rtol=1e-5)
