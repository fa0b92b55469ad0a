from __future__ import annotations

import cv2
import numpy as np

from synthda.synth.fonts import DIGITS
from synthda.synth.hands import FORMS, HANDS, Hand


def test_a_hand_paints_the_same_digit_each_time() -> None:
    for digit in DIGITS:
        assert (Hand(3).mask(digit, 80) == Hand(3).mask(digit, 80)).all()


def test_hands_differ_and_so_do_their_digits() -> None:
    sevens = {Hand(number).mask("7", 60).tobytes() for number in range(HANDS)}
    assert len(sevens) == HANDS
    assert len({Hand(0).mask(digit, 60).tobytes() for digit in DIGITS}) == 10


def test_a_digit_stands_as_tall_as_asked_and_has_neither_margin_nor_too_much_ink() -> None:
    for number in range(0, HANDS, 5):
        for digit in DIGITS:
            ink = Hand(number).mask(digit, 90)
            # The brush is an ellipse, and it may be flat.
            assert 80 <= len(ink) <= 108
            assert ink[0].any()
            assert ink[-1].any()
            assert ink[:, 0].any()
            assert ink[:, -1].any()
            assert 0.1 < ink.mean() < 0.95


def test_every_form_of_a_digit_is_in_use() -> None:
    assert len(FORMS) == 10
    assert all(len(forms) >= 2 for forms in FORMS)
    for forms in FORMS:
        points = np.array([point for form in forms for curve in form for point in curve])
        assert points.min() >= 0
        assert points.max() <= 1


def test_the_strokes_of_a_digit_meet_in_every_hand() -> None:
    for digit in DIGITS:
        pieces = {cv2.connectedComponents(Hand(number).mask(digit, 90).astype(np.uint8))[0] for number in range(HANDS)}
        assert pieces == {2}, digit  # the ground, and one of ink


def test_hands_lean_to_the_right_as_most_do() -> None:
    leans = []
    for number in range(HANDS):
        ink = Hand(number).mask("1", 90)
        quarter = len(ink) // 4
        top, bottom = (np.nonzero(part)[1].mean() for part in (ink[:quarter], ink[-quarter:]))
        leans.append(top - bottom)
    assert 0 < np.mean(leans) < 15
    assert min(leans) < 0
