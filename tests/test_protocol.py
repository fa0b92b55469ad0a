"""Every cell of the committed protocol names methods, networks and settings that exist."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.cells import Cell, Protocol, equal_shares, spread
from bench.grocery_tables import TABLES as PRODUCTS
from bench.selection import TABLE as SELECTION
from bench.tables import ACCURACY
from synthda.datasets.domain import ArrayImages, Domain
from synthda.errors import SettingError

PROTOCOL = Protocol(Path("data"), Path("runs"))


@pytest.mark.parametrize("table", PROTOCOL.told["tables"])
def test_every_cell_of_a_table_is_understood(table: str) -> None:
    cells = list(PROTOCOL.cells(table))
    assert cells
    for cell in cells:
        blueprint = PROTOCOL.blueprint_of(cell, tuple("0123456789"))
        assert blueprint.seed == cell.seed
    assert len({PROTOCOL.run_of(cell).folder for cell in cells}) >= len(cells) // len(PROTOCOL.table(table)["pairs"])


def test_every_table_is_in_the_results() -> None:
    assert set(PROTOCOL.told["tables"]) == {*ACCURACY, SELECTION, *PRODUCTS}


def test_pairs_with_one_source_share_the_runs_that_read_no_target() -> None:
    grey, binary = (Cell("mnist-m-ganin", f"mnist-m-{style}", "source-only", 0) for style in ("grey", "binary"))
    assert PROTOCOL.run_of(grey) == PROTOCOL.run_of(binary)
    assert PROTOCOL.run_of(Cell("mnist-m-ganin", "mnist-m-grey", "dann", 0)) != PROTOCOL.run_of(
        Cell("mnist-m-ganin", "mnist-m-binary", "dann", 0)
    )


def test_prose_methods_and_seeds_do_not_make_another_protocol_and_settings_do() -> None:
    changed = Protocol(Path("data"), Path("runs"))
    table = changed.told["tables"]["usps"]
    table |= {"title": "other", "note": "other", "seeds": [7], "methods": ["mcc"]}
    assert changed.fingerprint_of("usps") == PROTOCOL.fingerprint_of("usps")
    table["steps"] = 7
    assert changed.fingerprint_of("usps") != PROTOCOL.fingerprint_of("usps")


def test_labelled_frames_are_spread_over_the_tracks_of_each_class() -> None:
    paths = [f"{label:05}/{track:05}_{frame:05}.jpg" for label in range(2) for track in range(3) for frame in range(5)]
    labels = np.repeat([0, 1], 15)
    domain = Domain(ArrayImages(np.zeros((30, 8, 8, 3), np.uint8)), labels, ("a", "b"), paths=tuple(paths))
    few = spread(domain, 4)
    assert few.paths is not None
    assert few.labels.tolist() == [0] * 4 + [1] * 4
    assert [path for path in few.paths if path.endswith("_00002.jpg")] == [
        f"{label:05}/{track:05}_00002.jpg" for label in range(2) for track in range(3)
    ]


def test_an_unknown_variant_is_an_unknown_method() -> None:
    with pytest.raises(SettingError, match="no method"):
        PROTOCOL.blueprint_of(Cell("usps", "usps-to-mnist", "no-such", 0), ("a",))


def test_equal_shares_are_as_many_of_each_class_as_there_are_of_the_rarest_evenly_over_their_order() -> None:
    labels = np.array([0] * 6 + [2] * 2 + [1] * 3)
    images = np.arange(len(labels), dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 3), np.uint8)
    found = equal_shares(Domain(ArrayImages(images), labels, ("a", "b", "c")))
    assert found.labels.tolist() == [0, 0, 2, 2, 1, 1]
    assert found.images.read(np.arange(6))[:, 0, 0, 0].tolist() == [0, 3, 6, 7, 8, 9]
