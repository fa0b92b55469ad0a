"""Pseudo-labels: whose, from when on, and what flows back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from shown import accuracy_on_shifted_colours, colour_network, gradient, rows, shown

from synthda.adapt.methods.pseudo_label import PseudoLabel, cross_entropy_where_sure

LOGITS = np.log(np.array([[0.95, 0.05], [0.6, 0.4], [0.02, 0.98]]))


def test_only_sure_rows_count_and_all_rows_divide() -> None:
    logits = torch.tensor(LOGITS)
    loss, sure = cross_entropy_where_sure(logits, logits.softmax(1), 0.9)
    assert loss.item() == pytest.approx(-(np.log(0.95) + np.log(0.98)) / 3)
    assert sure.item() == pytest.approx(2 / 3)


@pytest.mark.parametrize(("p", "rise"), [(0.0, 0.0), (0.1, 0.0), (0.35, 0.5), (0.6, 1.0), (1.0, 1.0)])
def test_the_weight_rises_between_a_tenth_and_six_tenths_of_the_training(p: float, rise: float) -> None:
    seen = shown([rows(0, 4, 16), rows(1, 4, 2)], [rows(2, 3, 16), LOGITS])
    method = PseudoLabel(colour_network(), pseudo_weight=2, confidence=0)
    found = method.terms(seen, torch.tensor(p, dtype=torch.float64))["pseudo_label"].item()
    assert found == pytest.approx(-2 * rise * (np.log(0.95) + np.log(0.6) + np.log(0.98)) / 3)


def test_a_sure_row_becomes_surer_and_an_unsure_one_stays() -> None:
    seen = shown([rows(0, 4, 16), rows(1, 4, 2)], [rows(2, 3, 16), LOGITS])
    term = PseudoLabel(colour_network()).terms(seen, torch.tensor(1.0))["pseudo_label"]
    pull = -gradient(term, seen.layers_t[1])
    assert pull[0, 0] > 0 > pull[0, 1]
    assert pull[2, 1] > 0 > pull[2, 0]
    assert (pull[1] == 0).all()


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain", shift=0.13)
    assert accuracy_on_shifted_colours("pseudo-label", tmp_path / "adapted", shift=0.13) > plain + 0.1
