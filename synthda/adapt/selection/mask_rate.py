"""Sure predictions, counted (French et al. 2018, ICLR, who keep the network that passes its own threshold most)."""

from __future__ import annotations

from synthda.adapt.selection.validation import Validation

CONFIDENCE = 0.968


def mask_rate(validation: Validation) -> float:
    """Share of the target's images whose most probable class has more than .968."""
    return float((validation.probabilities_t.max(axis=1) > CONFIDENCE).mean())
