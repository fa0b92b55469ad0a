"""Answers of a run: what they are made of, and the file that keeps them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from synthda.adapt.answers import MOST_ASKED, Answers, asked_rows, read_answers, write_answers

CHANCES = np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]], dtype=np.float32)
ANSWERS = Answers.of(CHANCES, np.array([1, 2]))


def test_answers_are_the_likeliest_class_its_chance_and_the_entropy() -> None:
    assert ANSWERS.predicted.tolist() == [0, 2]
    assert ANSWERS.confidence.tolist() == [0.5, 1.0]
    assert ANSWERS.entropy == pytest.approx([np.log(2), 0.0])
    assert ANSWERS.right.tolist() == [False, True]


@pytest.mark.parametrize("evaluation", [None, ANSWERS])
def test_what_is_written_is_read(tmp_path: Path, evaluation: Answers | None) -> None:
    write_answers(tmp_path / "answers.npz", ANSWERS, evaluation)
    target, scored = read_answers(tmp_path / "answers.npz")
    assert vars(target).keys() == vars(ANSWERS).keys()
    for name, value in vars(target).items():
        np.testing.assert_allclose(value, getattr(ANSWERS, name), rtol=1e-6)
    assert (scored is None) == (evaluation is None)


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + bytes(40)])
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "answers.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"answers\.npz"):
        read_answers(tmp_path / "answers.npz")


def test_a_file_without_answers_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "answers.npz", other=np.zeros(3))
    with pytest.raises(ValueError, match="lacks"):
        read_answers(tmp_path / "answers.npz")


def test_a_few_photographs_are_all_asked_and_of_many_the_same_ones() -> None:
    assert asked_rows(7).tolist() == list(range(7))
    many = asked_rows(3 * MOST_ASKED)
    assert len(many) == MOST_ASKED
    assert (np.diff(many) > 0).all()
    assert np.array_equal(many, asked_rows(3 * MOST_ASKED))
