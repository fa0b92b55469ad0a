"""MCC against loops over classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import entropy
from shown import accuracy_on_shifted_colours, gradient, rows

from synthda.adapt.methods.mcc import class_confusion


def test_it_is_the_mean_share_of_other_classes_in_each_row_of_the_weighted_confusion() -> None:
    logits, temperature = 3 * rows(0, 8, 4), 2.5
    chances = softmax(logits / temperature, axis=1)
    weights = 1 + np.exp(-entropy(chances, axis=1))
    weights = 8 * weights / weights.sum()
    total = 0.0
    for one in range(4):
        row = [sum(w * y[one] * y[other] for w, y in zip(weights, chances, strict=True)) for other in range(4)]
        total += 1 - row[one] / sum(row)
    assert class_confusion(torch.tensor(logits), temperature).item() == pytest.approx(total / 4)


def test_what_an_image_weighs_is_a_constant_to_the_gradient() -> None:
    logits = torch.tensor(3 * rows(0, 8, 4), requires_grad=True)
    chances = (logits / 2.5).softmax(dim=1)
    weights = torch.tensor(1 + np.exp(-entropy(chances.detach().numpy(), axis=1)))
    confusion = chances.T @ (weights[:, None] * chances)
    expected = 1 - (confusion.diagonal() / confusion.sum(dim=1)).mean()
    torch.testing.assert_close(gradient(class_confusion(logits, 2.5), logits), gradient(expected, logits))


def test_sure_predictions_confuse_nothing_and_equal_chances_the_most() -> None:
    sure = 100 * torch.eye(3)[torch.tensor([0, 1, 2, 0])]
    assert class_confusion(sure, 1.0).item() == pytest.approx(0, abs=1e-6)
    assert class_confusion(torch.zeros(4, 3), 1.0).item() == pytest.approx(2 / 3)


def test_the_order_of_images_and_of_classes_does_not_matter() -> None:
    logits = torch.tensor(rows(0, 8, 4))
    plain = class_confusion(logits, 2.5).item()
    assert class_confusion(logits.flip(0), 2.5).item() == pytest.approx(plain)
    assert class_confusion(logits.flip(1), 2.5).item() == pytest.approx(plain)


def test_a_batch_of_one_class_is_finite() -> None:
    logits = torch.tensor([[200.0, -200.0, -200.0]] * 4, requires_grad=True)
    confusion = class_confusion(logits, 2.5)
    confusion.backward()  # type: ignore[no-untyped-call]
    assert torch.isfinite(confusion)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain")
    assert accuracy_on_shifted_colours("mcc", tmp_path / "adapted") > plain + 0.15
