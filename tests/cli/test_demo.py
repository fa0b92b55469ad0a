"""What `synthda demo` says at its end."""

from __future__ import annotations

from pathlib import Path

from synthda.cli.demo import verdict


def test_a_difference_of_accuracies_is_told_in_points() -> None:
    assert verdict(0.7629 - 0.7089) == "Adaptation helped: +5.4 points of accuracy."
    assert verdict(-0.02) == "Adaptation did not help here (-2.0 points of accuracy)."


def test_a_folder_of_something_else_is_not_filled_with_a_demo(synthda, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"x")
    (tmp_path / "file").write_text("x")
    for out, said in (("photos", "photos holds a.png, which is no demo's"), ("file", "file is a file")):
        refused = synthda("demo", "--out", out)
        assert refused.code == 2
        assert said in refused.err
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["a.png"]
