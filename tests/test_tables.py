"""What the generated tables say of result files, by values computed by hand."""

from __future__ import annotations

from typing import Any

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
