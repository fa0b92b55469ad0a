"""Views: what they may change, and what not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from synthda.adapt.views import VIEWS, lit, moved, seen


def photographs(count: int = 64) -> Tensor:
    torch.manual_seed(5)
    return torch.rand(count, 3, 20, 24)


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_keeps_shape_and_range(view: str) -> None:
    images = photographs()
    changed = seen(images, view)
    assert changed.shape == images.shape
    assert 0 <= changed.min()
    assert changed.max() <= 1


def test_no_view_is_the_image_itself() -> None:
    images = photographs()
    assert seen(images, "none") is images
