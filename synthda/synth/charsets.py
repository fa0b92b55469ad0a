"""The character sets that syn-numbers renders, and the faces that can draw each of them."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from synthda.synth.fonts import DIGITS, find_fonts, font_weights
from synthda.synth.hands import HANDS, Hand
from synthda.synth.lettering import Face
from synthda.synth.segments import SegmentDisplay, segment_displays

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Charset = Literal["digits", "letters", "alphanumeric", "seven-segment"]

CHARSETS: dict[Charset, str] = {
    "digits": DIGITS,
    "letters": LETTERS,
    "alphanumeric": DIGITS + LETTERS,
    "seven-segment": DIGITS,
}
"""Letters are capitals: that is what plates, signs and parts wear, and in print c, o, s, v, w, x and z differ from
their capitals by size alone, which a crop does not show."""


@cache
def faces_of(charset: Charset, fonts: str) -> tuple[Face, ...]:
    """All faces that a charset may be drawn in: displays, or fonts and then, for digits alone, hands.

    Raises:
        DataError: when `fonts` has no face with all of the characters.
    """
    if charset == "seven-segment":
        return segment_displays()
    found: tuple[Face, ...] = find_fonts(fonts, CHARSETS[charset])
    return (*found, *(Hand(number) for number in range(HANDS))) if charset == "digits" else found


@cache
def chances(charset: Charset, fonts: str, hand: float) -> NDArray[np.float64]:
    """The chance of each face: `hand` is the share of all hands together, where the charset has any."""
    faces = faces_of(charset, fonts)
    if charset == "seven-segment":
        assert all(isinstance(face, SegmentDisplay) for face in faces)
        return np.full(len(faces), 1 / len(faces))
    printed = find_fonts(fonts, CHARSETS[charset])
    by_hand = len(faces) - len(printed)
    share = hand if by_hand else 0.0
    return np.concatenate([(1 - share) * font_weights(printed), np.full(by_hand, share / max(1, by_hand))])
