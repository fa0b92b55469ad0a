"""Seeds are taken together and ranked, by values computed by hand."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from synthda.adapt.comparison.plan import Entry
from synthda.adapt.comparison.rows import overall, rows_of
from synthda.adapt.comparison.scores import Score
from synthda.adapt.comparison.tables import HEADINGS, as_csv, cells_of, headings_of, markdown, page

ENTRIES = [Entry(name, name) for name in ("source-only", "dann", "mcc", "bad", "train-on-target")]


def score(method: str, seed: int, accuracy: float | None, failure: str | None = None, pair: str = "p") -> Score:
    measured = {"accuracy": accuracy, "interval": (0.1, 0.2), "n": 9, "proxy_a_distance": 1.5, "seconds": 30.0}
    return Score(pair, method, seed, f"{method}{seed}", "net", 5, failure, **(measured if accuracy is not None else {}))  # type: ignore[arg-type]


SCORES = [
    *(score("source-only", 0, 0.5), score("source-only", 1, 0.6)),
    *(score("dann", 0, 0.7), score("dann", 1, 0.7)),
    *(score("mcc", 0, 0.8), score("mcc", 1, None, "broke | down")),
    *(score("bad", 0, None, "why"), score("bad", 1, None, "why")),
    *(score("train-on-target", 0, 0.95), score("train-on-target", 1, 0.95)),
]


def test_rows_are_ranked_and_what_failed_comes_last() -> None:
    assert [row.method for row in rows_of(ENTRIES, SCORES)] == ["train-on-target", "mcc", "dann", "source-only", "bad"]


def test_gains_are_taken_seed_by_seed_and_the_gap_from_the_means() -> None:
    rows = {row.method: row for row in rows_of(ENTRIES, SCORES)}
    # of 0.2 and 0.1, sample deviation √(2 · 0.05² / 1)
    assert rows["dann"].gain == pytest.approx((0.15, 0.0707107))
    assert rows["mcc"].gain == (pytest.approx(0.3), None)  # seed 0 alone
    assert rows["dann"].gap_closed == pytest.approx((0.7 - 0.55) / (0.95 - 0.55))
    assert rows["source-only"].gain is rows["source-only"].gap_closed is rows["train-on-target"].gap_closed is None
    assert (rows["bad"].mean, rows["bad"].std, rows["bad"].seconds) == (None, None, None)
    assert rows["source-only"].std == pytest.approx(0.0707107)  # of 0.5 and 0.6


def test_the_gap_is_taken_on_the_seeds_that_all_three_have() -> None:
    rows = {row.method: row for row in rows_of(ENTRIES, SCORES)}
    # mcc ended on seed 0 alone, where source-only has 0.5: not its mean over both seeds, 0.55
    assert rows["mcc"].gap_closed == pytest.approx((0.8 - 0.5) / (0.95 - 0.5))
    failed = [*SCORES[:-1], score("train-on-target", 1, None, "why")]
    rows = {row.method: row for row in rows_of(ENTRIES, failed)}
    assert rows["dann"].gap_closed == pytest.approx((0.7 - 0.5) / (0.95 - 0.5))


def test_a_row_is_compared_with_source_only_around_the_same_network() -> None:
    """What a network with batch norm gains by batch norm is no gain of adaptation."""
    named = {"adabn": "adabn", "source-only": "source-only", "bn": "source-only"}
    entries = [Entry(name, method) for name, method in named.items()]
    scores = [score("adabn", 0, 0.7), score("bn", 0, 0.6), score("source-only", 0, 0.5)]
    scores = [
        replace(each, network_settings={"norm": "batch"} if each.method != "source-only" else {}) for each in scores
    ]
    rows = {row.method: row for row in rows_of(entries, scores)}
    assert rows["adabn"].gain == (pytest.approx(0.1), None)
    alone = {row.method: row for row in rows_of(entries[:2], [scores[0], scores[2]])}
    assert alone["adabn"].gain is None


def test_a_row_is_compared_with_source_only_trained_by_the_same_recipe() -> None:
    """What longer training or other views bring is no gain of adaptation."""
    named = {"dann": "dann", "source-only": "source-only", "longer": "source-only"}
    entries = [Entry(name, method) for name, method in named.items()]
    scores = [score("dann", 0, 0.7), score("longer", 0, 0.6), score("source-only", 0, 0.5)]
    scores = [replace(each, recipe="short" if each.method == "source-only" else "long") for each in scores]
    assert {row.method: row for row in rows_of(entries, scores)}["dann"].gain == (pytest.approx(0.1), None)
    assert {row.method: row for row in rows_of(entries[:2], scores[::2])}["dann"].gain is None
    earlier = [scores[0], replace(scores[2], recipe="")]  # of a synthda that wrote none
    assert {row.method: row for row in rows_of(entries[:2], earlier)}["dann"].gain == (pytest.approx(0.2), None)


def test_without_an_oracle_there_is_no_gap() -> None:
    rows = rows_of(ENTRIES[:2], SCORES[:4])
    assert all(row.gap_closed is None for row in rows)


def test_over_all_pairs_only_methods_with_a_mean_on_each_are_ranked() -> None:
    one = rows_of(ENTRIES, SCORES)
    other = rows_of(ENTRIES, [score("dann", 0, 0.9), score("source-only", 0, 0.1)])
    assert overall([one, other]) == [("dann", pytest.approx(0.8)), ("source-only", pytest.approx(0.325))]


def test_a_row_is_shown_with_its_spread_its_seeds_and_what_failed() -> None:
    rows = rows_of(ENTRIES, SCORES)
    cells = {row.method: cells_of(row, rows) for row in rows}
    assert cells["source-only"][1] == "0.5500 ± 0.0707 (2)"
    assert cells["mcc"][1:5] == ("0.8000 (1, 1 failed)", "0.1000…0.2000", "+30.0", "67%")
    assert cells["bad"][1] == "failed"
    assert {len(each) for each in cells.values()} == {len(HEADINGS)}


def test_where_images_of_no_class_were_scored_there_is_a_column_of_how_well_they_are_told() -> None:
    """Of 0.6 and 0.8 the mean; a row that failed, and one that has no `unknown`, keep the column."""
    entries = [Entry(name, name) for name in ("dann", "mcc", "bad")]
    told = [replace(score("dann", seed, 0.5), unknown_auroc=auroc) for seed, auroc in enumerate((0.6, 0.8))]
    rows = rows_of(entries, [*told, score("mcc", 0, 0.4), score("bad", 0, None, "why")])
    assert headings_of(rows) == (*HEADINGS, "AUROC of unknown")
    assert [cells_of(row, rows)[-1] for row in rows] == ["0.700", "–", "–"]
    lines = [line for line in markdown({"p": rows}, "about").splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {len(HEADINGS) + 2}
    assert page({"p": rows}, "about", {}).count("AUROC of unknown") == 1
    assert f'colspan="{len(HEADINGS)}"' in page({"p": rows}, "about", {})


def test_markdown_keeps_its_columns_and_gives_every_reason() -> None:
    text = markdown({"p": rows_of(ENTRIES, SCORES)}, "about")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {len(HEADINGS) + 1}
    assert "- mcc, seed 1: broke | down" in text
    assert "Over all pairs" not in text
    assert "Over all pairs" in markdown({"p": rows_of(ENTRIES, SCORES), "q": rows_of(ENTRIES, SCORES)}, "about")


def test_csv_has_a_line_a_cell() -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(SCORES))))
    assert len(lines) == len(SCORES)
    assert (lines[0]["low"], lines[0]["high"], lines[0]["accuracy"]) == ("0.1", "0.2", "0.5")
    assert (lines[5]["failure"], lines[5]["accuracy"], lines[5]["low"]) == ("broke | down", "", "")


def test_the_page_escapes_names_and_links_pictures() -> None:
    rows = rows_of([Entry("<b>", "dann")], [score("<b>", 0, 0.5)])
    text = page({"a & b": rows}, "x < y", {"a & b": ["one.png"]})
    assert "<b>" not in text
    assert "&lt;b&gt;" in text
    assert "a &amp; b" in text
    assert 'src="one.png"' in text


def blind(method: str, seed: int, estimated: float) -> Score:
    return replace(score(method, seed, None), estimated=estimated)


def test_without_labels_rows_are_ranked_by_their_estimates_and_close_no_gap() -> None:
    estimates = {"source-only": (0.9, 0.94), "dann": (0.8, 0.86), "fixmatch": (0.96, 0.98), "train-on-target": (1, 1)}
    entries = [Entry(name, name) for name in estimates]
    scores = [blind(name, seed, value) for name, found in estimates.items() for seed, value in enumerate(found)]
    rows = rows_of(entries, scores)
    assert [row.method for row in rows] == ["train-on-target", "fixmatch", "source-only", "dann"]
    assert all(row.blind and row.gap_closed is None for row in rows)
    assert rows[1].gain is not None
    assert rows[1].gain[0] == pytest.approx(0.05)
    text = markdown({"p": rows}, "")
    assert "| method | accuracy, estimated without labels | over source-only | proxy A-distance | time |" in text
    assert "| fixmatch | 0.97 ± 0.01 (2) | +5.0 ± 1.4 |" in text


def test_estimates_and_accuracies_have_no_common_mean() -> None:
    entries = [Entry("source-only", "source-only")]
    told = rows_of(entries, [score("source-only", 0, 0.5)])
    guessed = rows_of(entries, [blind("source-only", 0, 0.7)])
    assert overall([told, guessed]) == []
    assert overall([guessed, guessed]) == [("source-only", pytest.approx(0.7))]
    assert "Over all pairs" not in markdown({"p": told, "q": guessed}, "")
