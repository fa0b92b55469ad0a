"""DAN: the discrepancy of every layer, rising with progress."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from shown import accuracy_on_shifted_colours, colour_network, rows, shown

from synthda.adapt.kernels import mmd, multi_kernel, uniform
from synthda.adapt.methods.dan import DAN
from synthda.adapt.schedules import adaptation_factor

P = torch.tensor(0.5, dtype=torch.float64)


def test_it_is_the_sum_of_all_layers_discrepancies_times_its_factor() -> None:
    source, target = [rows(0, 5, 4), rows(1, 5, 2)], [rows(2, 7, 4), rows(3, 7, 2)]
    found = DAN(colour_network(), dan_weight=0.3).terms(shown(source, target), P)["mmd"]
    each = [
        mmd(multi_kernel(torch.tensor(np.concatenate([s, t]))), uniform(torch.tensor(s)), 7)
        for s, t in zip(source, target, strict=True)
    ]
    assert found.item() == pytest.approx(0.3 * adaptation_factor(P).item() * sum(each).item())


def test_it_is_0_for_equal_batches_and_the_same_with_the_domains_exchanged() -> None:
    one, other = [rows(0, 5, 4), rows(1, 5, 2)], [rows(2, 5, 4), rows(3, 5, 2)]
    dan = DAN(colour_network())
    assert dan.terms(shown(one, one), P)["mmd"].item() == pytest.approx(0, abs=1e-12)
    assert dan.terms(shown(one, other), P)["mmd"].item() == pytest.approx(dan.terms(shown(other, one), P)["mmd"].item())


def test_on_shifted_colours_it_finds_the_gap_between_the_classes(tmp_path: Path) -> None:
    plain = accuracy_on_shifted_colours("source-only", tmp_path / "plain")
    assert accuracy_on_shifted_colours("dan", tmp_path / "adapted") > plain + 0.15
