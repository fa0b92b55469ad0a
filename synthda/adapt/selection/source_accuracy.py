"""Accuracy on held-out source images: the plain rule that the others have to beat."""

from __future__ import annotations

from synthda.adapt.selection.validation import Validation


def source_accuracy(validation: Validation) -> float:
    """Share of held-out source images that are recognised; it knows nothing of the target."""
    return float(validation.right_s.mean())
