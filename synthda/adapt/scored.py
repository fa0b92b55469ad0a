"""Whether two runs were scored on the same images: their accuracies can be compared only then; no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def scored_alike(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Of two scores as `run.json` has them, with the hash of the images; not where one is missing."""
    return bool(one and other) and one.get("content") == other.get("content")  # type: ignore[union-attr]
