"""The oracle: what could be reached if the target photographs had labels."""

from __future__ import annotations

from synthda.adapt.methods.source_only import SourceOnly


class TrainOnTarget(SourceOnly):
    """Cross-entropy on labelled target photographs, which the user hands over as such: the ceiling of adaptation."""
