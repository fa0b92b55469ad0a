"""Names that resemble one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthda.near import a_slip_apart, differs_in_spelling_only, near_names, near_path


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cola_can", "cola-can"),
        ("Cola-Can", "cola-can"),
        ("cola can", "cola-can"),
        ("cafe", "Caf\u00e9"),
        ("e\u0301", "\u00e9"),
    ],
)
def test_case_separators_and_accents_are_spelling(one: str, other: str) -> None:
    assert differs_in_spelling_only(one, other)
    assert near_names(one, ["soap", other]) == [other]


@pytest.mark.parametrize(
    ("one", "other"), [("soap", "soap"), ("saop", "soap"), ("1-2", "12"), ("+", "-"), ("か", "が"), ("и", "й")]
)
def test_other_letters_and_signs_and_numbers_are_no_spelling(one: str, other: str) -> None:
    assert not differs_in_spelling_only(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("saop", "soap"), ("soup", "soap"), ("apples", "apple"), ("oat_milk", "oat-mikl"), ("Cola", "cola")],
)
def test_a_slip_is_one_letter_or_two_that_are_swapped(one: str, other: str) -> None:
    assert a_slip_apart(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("limit-20", "limit-30"),
        ("limit20", "limit30"),
        ("size-m", "size-l"),
        ("cat", "car"),
        ("cola-can", "cola-cans"),
        ("soap", "soup-bowl"),
        ("a", "b"),
    ],
)
def test_numbers_and_short_words_differ_on_purpose(one: str, other: str) -> None:
    assert not a_slip_apart(one, other)


def test_letters_that_are_swapped_over_others_are_no_slip() -> None:
    assert not a_slip_apart("posa", "sopa")


def test_names_are_near_whatever_their_case() -> None:
    assert near_names("DNAN", ["dann", "mcc"]) == ["dann"]
    assert near_names("Dann", ["dann", "iw-dann"]) == ["dann"]
    assert near_names("quite other", ["dann", "mcc"]) == []


def test_a_path_is_near_where_one_part_is_misspelt_and_the_rest_is_there(tmp_path: Path) -> None:
    (tmp_path / "data" / "products" / "test").mkdir(parents=True)
    assert near_path(tmp_path / "data" / "product") == tmp_path / "data" / "products"
    assert near_path(tmp_path / "date" / "products" / "test") == tmp_path / "data" / "products" / "test"
    assert near_path(tmp_path / "date" / "products" / "train") is None
    assert near_path(tmp_path / "data") is None
    (tmp_path / "model.onnx").touch()
    assert near_path(tmp_path / "modle.onnx") == near_path(tmp_path / "model.onx") == tmp_path / "model.onnx"
    assert near_path(tmp_path / "none.onnx") is None
    assert near_path(tmp_path / "data" / "quite-other") is None
