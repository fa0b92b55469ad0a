"""Settings: read from the signature, parsed to their type, refused with the right names in the sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest

from synthda.errors import SettingError
from synthda.settings import Between, configure, load, lookup, parse_assignments, settings_of


class Painter:
    def __init__(
        self,
        canvas: str,
        *,
        needed: int,
        angle: Annotated[float, "largest rotation, degrees", Between(0, 180)] = 10.0,
        layers: Annotated[int, "coats of paint", Between(1)] = 2,
        varnish: Annotated[bool, "whether to finish with varnish"] = False,
        brush: Annotated[Literal["flat", "round"], "shape"] = "flat",
        palette: Annotated[Path | None, "file of colours"] = None,
        title: str = "",
    ) -> None:
        pass


def one(text: str) -> object:
    name = text.partition("=")[0]
    return configure({"painter": Painter}, parse_assignments([text]))["painter"][name]


def test_only_keyword_arguments_with_a_default_are_settings() -> None:
    assert list(settings_of(Painter)) == ["angle", "layers", "varnish", "brush", "palette", "title"]


def test_a_setting_carries_its_help_its_range_and_its_default() -> None:
    angle = settings_of(Painter)["angle"]
    assert (angle.help, angle.default, angle.type) == ("largest rotation, degrees", 10.0, float)
    assert angle.accepts == "number, 0…180"
    assert settings_of(Painter)["layers"].accepts == "whole number, ≥ 1"
    assert settings_of(Painter)["brush"].accepts == "flat | round"
    assert settings_of(Painter)["palette"].accepts == "path"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("angle=15", 15.0),
        ("angle=0", 0.0),
        ("angle=180", 180.0),
        ("layers=3", 3),
        ("varnish=Yes", True),
        ("varnish=false", False),
        ("brush=round", "round"),
        ("palette=a/b.txt", Path("a/b.txt")),
        ("palette=none", None),
        ("palette=None", None),
        ("title=a=b", "a=b"),
    ],
)
def test_a_text_becomes_a_value_of_the_settings_type(text: str, value: object) -> None:
    parsed = one(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("angle=steep", "a number"),
        ("angle=nan", "finite"),
        ("angle=inf", "finite"),
        ("angle=-1", "0…180"),
        ("angle=180.1", "0…180"),
        ("layers=2.5", "a whole number"),
        ("layers=0", "≥ 1"),
        ("layers=" + "9" * 5000, "a whole number"),
        ("varnish=maybe", "true or false"),
        ("brush=rund", "Did you mean round?"),
    ],
)
def test_a_bad_value_is_refused_with_what_is_accepted(text: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        one(text)


def test_an_unknown_name_is_answered_with_near_matches_and_the_whole_list() -> None:
    with pytest.raises(SettingError, match=r"no setting 'anlge'\. Did you mean angle.*Accepted: angle, layers"):
        one("anlge=1")


@pytest.mark.parametrize("text", ["angle", "=3", " =3", ""])
def test_what_is_no_assignment_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="name=value"):
        parse_assignments([text])


def test_the_later_of_two_assignments_wins_and_spaces_are_dropped() -> None:
    assert parse_assignments(["a=1", " a = 2 "]) == {"a": "2"}


def test_a_setting_reaches_every_role_that_knows_it_and_no_other() -> None:
    def frame(*, layers: int = 1) -> None:
        pass

    sorted_onto = configure({"painter": Painter, "frame": frame}, {"layers": "4", "angle": "1"})
    assert sorted_onto == {"painter": {"layers": 4, "angle": 1.0}, "frame": {"layers": 4}}


def test_a_registry_offers_near_matches() -> None:
    with pytest.raises(SettingError, match="Did you mean dann"):
        lookup("method", "dan", {"dann": 1, "source-only": 2})
    with pytest.raises(SettingError, match="Accepted: none"):
        lookup("method", "x", {})


def test_an_entry_of_a_registry_is_imported_when_asked_for() -> None:
    assert load("class", "between", {"between": "synthda.settings:Between"}) is Between
