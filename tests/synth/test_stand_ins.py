from __future__ import annotations

from synthda.synth.fonts import find_fonts
from synthda.synth.stand_ins import STAND_INS, by_family, coverage, stands_for

WINDOWS = """Arial, Arial Black, Arial Narrow, Calibri, Cambria, Candara, Comic Sans MS, Consolas, Constantia, Corbel,
Courier New, Franklin Gothic Medium, Georgia, Impact, Lucida Console, Lucida Sans Unicode, Palatino Linotype, Segoe UI,
Segoe Print, Segoe Script, Tahoma, Times New Roman, Trebuchet MS, Verdana"""


def test_every_family_of_windows_has_a_stand_in() -> None:
    assert {name.strip() for name in WINDOWS.split(",")} <= {each.windows for each in STAND_INS}
    assert all(each.package.startswith("fonts-") for each in STAND_INS)
    assert len(STAND_INS) == len({(each.windows, each.family) for each in STAND_INS})


def test_coverage_tells_what_is_here_and_what_a_package_would_add() -> None:
    found = {each.windows: each for each in coverage(["Carlito", "Nimbus Sans", "Georgia", "Tahoma"])}
    assert found["Calibri"].stand_ins == ("Carlito",)
    assert found["Calibri"].packages == ()
    assert found["Arial"].stand_ins == ("Nimbus Sans",)
    assert "fonts-liberation" in found["Arial"].packages
    assert found["Georgia"].present
    assert (found["Tahoma"].present, found["Tahoma"].stand_ins) == (True, ())
    assert not found["Cambria"].present
    assert found["Cambria"].packages == ("fonts-crosextra-caladea",)


def test_one_family_may_stand_for_several_and_none_for_itself() -> None:
    assert stands_for("P052") == ("Book Antiqua", "Palatino Linotype")
    assert stands_for("Tahoma") == ()


def test_faces_are_counted_by_family() -> None:
    faces = find_fonts("matplotlib")
    counts = by_family(faces)
    assert sum(counts.values()) == len(faces)
    assert counts["cmr10"] == 1
