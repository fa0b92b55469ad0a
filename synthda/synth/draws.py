"""Placements of one scene as functions of its seed: hashed shares, so that rendering draws nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synthda.synth import noise


def shares(seed: int, count: int, salt: int) -> NDArray[np.float64]:
    """(count,) values in [0, 1), the same wherever and whenever the seed is met; `salt` tells the uses apart."""
    bits = noise.uniform_bits(np.array([seed], np.uint32), count, salt)[0]
    return np.asarray(bits / 2.0**32)


def between(low: float, high: float, share: float) -> float:
    """The value that lies at a share of the way."""
    return low + (high - low) * share


def gains(seed: int, count: int, salt: int, spread: float) -> NDArray[np.float32]:
    """(count, 3) by which the channels of each piece are multiplied: no two fruits of a kind look the same.

    Brightness differs by up to `spread` stops either way, each channel by a third of that.
    """
    stops = noise.normal(np.array([seed], np.uint32), (count, 4), salt)[0].astype(np.float64) * (spread / 3)
    return np.asarray(np.exp2(stops[:, 3:] + stops[:, :3] / 3), np.float32)
