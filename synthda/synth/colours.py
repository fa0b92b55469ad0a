"""Pairs of colours that a reader can tell apart: luminance first, then hue and saturation at that luminance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of R, G, B in luminance (ITU-R BT.601)."""


def luminance(colours: NDArray[np.generic]) -> NDArray[np.float64]:
    """Luminance of (…, 3) RGB, in the unit of its channels."""
    weighted: NDArray[np.float64] = colours.astype(np.float64) @ LUMA
    return weighted


def coloured(luma: NDArray[np.float64], hue: NDArray[np.float64], saturation: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(n, 3) RGB of given luminance (0…255), hue (turns) and saturation (0 grey … 1 the most that exists there).

    The pure hue is darkened or mixed with white until it has the luminance, then mixed with the grey of the same
    luminance: luminance is linear, so it is kept to rounding (half a level).
    """
    wheel = np.abs((hue[:, None] * 6 + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1
    pure = 255 * np.clip(wheel, 0, 1)
    own = luminance(pure)[:, None]
    target = luma[:, None]
    vivid = np.where(target <= own, pure * (target / own), pure + (255 - pure) * ((target - own) / (255 - own)))
    mixed = target + saturation[:, None] * (vivid - target)
    levels: NDArray[np.uint8] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return levels


def hues(rng: np.random.Generator, shape: int | tuple[int, ...]) -> NDArray[np.float64]:
    """Hues (turns) as signs and walls have them: half red to yellow or blue, the other half any."""
    warm, blue = 0.17 * rng.random(shape), rng.uniform(0.54, 0.68, shape)
    which = rng.random(shape)
    return np.where(which < 0.3, warm, np.where(which < 0.5, blue, rng.random(shape)))


def paints(rng: np.random.Generator, shape: int | tuple[int, ...]) -> NDArray[np.float64]:
    """Hues (turns) of paint on signs, plates and walls: mostly red to yellow and blue, at times any."""
    yellow, red = rng.uniform(0.09, 0.17, shape), rng.uniform(-0.03, 0.07, shape) % 1
    blue = rng.uniform(0.54, 0.7, shape)
    which = rng.random(shape)
    first = np.where(which < 0.28, yellow, np.where(which < 0.5, red, rng.random(shape)))
    return np.where((which >= 0.5) & (which < 0.75), blue, first)


def contrasting(
    rng: np.random.Generator, n: int, *, contrast: float, saturation: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw n pairs of (n, 3) colours whose luminances differ by `contrast` levels or more, either one the lighter.

    Middling differences are the most frequent ones, as in photographs of signs.
    """
    gap = contrast + 1 + (225 - contrast) * rng.beta(1.7, 1.3, n)
    dark = 12 + (238 - gap).clip(0) * rng.random(n)
    first_is_lighter = rng.random(n) < 0.5
    light = np.minimum(dark + gap, 254)
    dark = light - gap
    hue = paints(rng, (2, n))
    # Four in ten colours are nearly grey; paint and plastic are vivid.
    vivid = saturation * np.where(rng.random((2, n)) < 0.4, 0.15 * rng.random((2, n)), rng.beta(2.0, 1.3, (2, n)))
    first = coloured(np.where(first_is_lighter, light, dark), hue[0], vivid[0])
    second = coloured(np.where(first_is_lighter, dark, light), hue[1], vivid[1])
    return first, second
