"""Views: what they may change, and what not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from toy import blueprint

from synthda.adapt import views
from synthda.adapt.recipe import Recipe
from synthda.adapt.views import VIEWS, View, lit, moved, seen
from synthda.errors import SettingError


def noisy(count: int = 64) -> Tensor:
    torch.manual_seed(5)
    return torch.rand(count, 3, 20, 24)


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_keeps_shape_and_range(view: View) -> None:
    changed = seen(noisy(), view)
    assert changed.shape == (64, 3, 20, 24)
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_no_view_is_the_image_itself() -> None:
    images = noisy()
    assert seen(images, "none") is images


@pytest.mark.parametrize("view", ["weak", "strong"])
def test_the_same_seed_gives_the_same_view_and_another_another(view: View) -> None:
    images, shown = noisy(), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        shown.append(seen(images, view))
    assert torch.equal(shown[0], shown[1])
    assert not torch.equal(shown[0], shown[2])


def test_moving_an_even_image_changes_nothing() -> None:
    even = torch.rand(8, 3, 1, 1).expand(8, 3, 16, 16)
    torch.testing.assert_close(moved(even), even)


def test_a_wide_image_is_moved_as_the_square_around_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "SHIFT", 0)  # a fraction of each side
    square = torch.zeros(16, 3, 48, 48)
    square[:, :, 18:30, 18:30] = torch.rand(16, 3, 12, 12)
    torch.manual_seed(3)
    whole = moved(square)
    torch.manual_seed(3)
    assert not torch.equal(whole, square)
    torch.testing.assert_close(moved(square[:, :, 12:36]), whole[:, :, 12:36])


def test_a_dot_moves_no_further_than_the_ranges_allow() -> None:
    dot = torch.zeros(256, 3, 65, 65)
    dot[:, :, 31:34, 31:34] = 1
    at = torch.arange(65) - 32.0
    weight = moved(dot)[:, 0]
    weight = weight / weight.sum(dim=(1, 2), keepdim=True)
    for axis in (1, 2):
        offset = (weight.sum(dim=axis) * at).sum(dim=1).abs()
        # The frame's centre is only shifted, but the shift is zoomed and sheared with the image.
        assert offset.max() < 65 * views.SHIFT * views.ZOOM * (1 + views.SHEAR + 0.2)
        assert offset.max() > 0.9 * 65 * views.SHIFT


def light(monkeypatch: pytest.MonkeyPatch, *kept: str) -> None:
    """Turn off all changes of light but those kept."""
    rest = {"BRIGHTNESS": 0, "CAST": 0, "NEGATIVE": 0, "RECOLOURED": 0, "NOISE": 0, "CONTRAST": 1, "SHARPEN": (0, 0)}
    for name in rest.keys() - set(kept):
        monkeypatch.setattr(views, name, rest[name])


def test_without_its_changes_light_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    light(monkeypatch)
    torch.testing.assert_close(lit(noisy()), noisy())


def test_a_cast_gives_each_channel_a_gain_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    light(monkeypatch, "CAST")
    images = 0.4 + 0.2 * noisy()
    gains = lit(images).std(dim=(2, 3)) / images.std(dim=(2, 3))
    assert 0.9 * views.CAST < (gains - 1).abs().max() < 1.01 * views.CAST
    assert (gains[:, 0] - gains[:, 1]).abs().max() > views.CAST


def test_noise_is_weak_in_most_images_and_strongest_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    light(monkeypatch, "NOISE")
    images = 0.4 + 0.2 * noisy(256)
    deviation = (lit(images) - images).std(dim=(1, 2, 3)) / views.NOISE
    assert 0.1 < deviation.median() < 0.4
    assert 0.9 < deviation.max() < 1.05


def test_a_negative_exchanges_light_and_dark_and_keeps_the_differences_of_channels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(views, "NEGATIVE", 1)
    monkeypatch.setattr(views, "RECOLOURED", 0)
    images = noisy()
    negative = views._negative(images)
    torch.testing.assert_close(negative.mean(dim=1), 1 - images.mean(dim=1))
    torch.testing.assert_close(negative[:, 0] - negative[:, 1], images[:, 0] - images[:, 1])


def test_the_faithful_recipes_have_no_views() -> None:
    assert (Recipe().source_view, Recipe().target_view) == ("none", "none")


@pytest.mark.parametrize("method", ["adamatch", "fixmatch"])
def test_a_view_that_a_method_would_not_look_at_is_refused(method: str) -> None:
    with pytest.raises(SettingError, match=f"{method} compares views of its own of each image; leave out target_view"):
        blueprint(method, target_view="weak")
    assert blueprint(method, target_view="none") == blueprint(method)
