"""What `synthda demo` says at its end."""

from __future__ import annotations

from synthda.cli.demo import verdict


def test_a_difference_of_accuracies_is_told_in_points() -> None:
    assert verdict(0.7629 - 0.7089) == "Adaptation helped: +5.4 points of accuracy."
    assert verdict(-0.02) == "Adaptation did not help here (-2.0 points of accuracy)."
