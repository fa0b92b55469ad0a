"""What the generated tables say of result files, by values computed by hand."""

from __future__ import annotations

from typing import Any

from bench.estimate_tables import estimate_tables
from bench.tables import method_table

MACHINE = {"processor": "p", "cores": 2, "device": "cpu", "versions": {"torch": "t"}, "commit": "c"}


def method(*accuracies: float, **settings: str) -> dict[str, Any]:
    seeds = [
        {"seed": seed, "accuracy": accuracy, "interval": [0.1, 0.2], "n": 1000, "proxy_a_distance": 1.5}
        for seed, accuracy in enumerate(accuracies)
    ]
    mean = {"mean": sum(accuracies) / len(accuracies), "std": 0.0} if accuracies else {}
    return {"seeds": seeds, "variant": {"method": "x", "set": settings}, "gap_closed": None, **mean}


def rows_of(methods: dict[str, Any]) -> dict[str, list[str]]:
    found = {"network": "n", "size": 28, "steps": 5, "baseline_steps": 5, "methods": list(methods), "machine": MACHINE}
    text = method_table(found | {"rows": [{"title": "A → B", "methods": methods}]}, {"title": "T"})
    assert "A → B, n = 1,000:" in text
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return {cells[0]: cells[1:] for cells in lines[2:]}


def test_methods_are_ranked_and_gains_are_taken_seed_by_seed() -> None:
    rows = rows_of({"source-only": method(0.5, 0.6), "mcc": method(0.7, 0.7), "dann": method(0.4)})
    assert list(rows) == ["`mcc`", "source-only", "DANN"]
    assert rows["`mcc`"][1] == "+15.0 ± 7.1"
    assert rows["DANN"][1] == "-10.0"
    assert rows["source-only"][1] == ""


def test_a_row_with_another_network_has_no_gain_over_this_one() -> None:
    rows = rows_of({"source-only": method(0.5), "adabn": method(0.7, norm="batch"), "iw": method(0.6, iw_lambda="1")})
    assert rows["`adabn`"][1] == ""
    assert rows["`iw`"][1] == "+10.0"


def test_what_is_not_measured_says_so() -> None:
    rows = rows_of({"source-only": method(0.5), "mcd": method()})
    assert rows["`mcd`"] == ["not measured", "", "–", "not measured"]


def test_a_ranking_without_labels_is_compared_with_that_by_labels_seed_by_seed() -> None:
    def cell(method: str, seed: int, accuracy: float, estimated: float) -> dict[str, Any]:
        named = {"table": "t", "pair": "p", "method": method, "seed": seed}
        return named | {"accuracy": accuracy, "estimated": estimated}

    cells = [
        *(cell("source-only", 0, 0.5, 0.4), cell("dann", 0, 0.7, 0.6), cell("mcc", 0, 0.8, 0.7)),
        *(cell("source-only", 1, 0.6, 0.5), cell("dann", 1, 0.9, 0.4), cell("mcc", 1, 0.5, 0.2)),
        *(cell("train-on-target", 0, 1.0, 0.0), cell("dann", 2, 0.1, 0.9)),
    ]
    lines = estimate_tables(cells, {"t": {"network": "net", "size": 8}}, {"p": "A → B"})
    assert len(lines) == 3
    found = [text.strip() for text in lines[2].strip("|").split("|")]
    assert found[0] == "A → B, net at 8 px"
    assert found[1] == "3, 2"  # a seed with one method ranks nothing, and the oracle is none
    assert found[2] == found[3] == "0.8000, `dann`"
    assert found[4] == "0.5500"
    assert found[5] == "+0.75"  # 1 and .5
    assert found[6] == "-20.0 (-50.0…-10.0)"
