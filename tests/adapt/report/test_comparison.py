"""Several runs on one page: told apart by their paths, compared only where they can be."""

from __future__ import annotations

from pathlib import Path

from report_runs import Page, finished

from synthda.adapt.report.charts import recalls
from synthda.adapt.report.comparison import HEADINGS, _best, _cells, names_of, write_comparison
from synthda.adapt.report.content import Content, Result
from synthda.manifest import write_json


def test_runs_are_compared_on_one_page(tmp_path: Path) -> None:
    runs = [finished(tmp_path / name, method=name, stored=False) for name in ("dann", "mcc<b>")]
    page = Page(write_comparison(runs, tmp_path / "both.html").read_text(encoding="utf-8"))
    assert [section["id"] for section in page.all("section")] == ["result", "numbers", "settings", "recall"]
    assert page.unclosed == []
    assert "mcc<b>" in page.text
    assert not page.all("b")
    assert "http:" not in page.html
    assert not [part for part in page.all("p") if part.get("class") == "notice"]
    ids = [attributes["id"] for _, attributes in page.opened if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_numbers_of_a_run_stand_below_their_headings(tmp_path: Path) -> None:
    scored = {"accuracy": 0.7, "interval": [0.5, 0.9], "n": 20, "mean_recall": 0.6, "calibration_error": 0.05}
    run = finished(tmp_path, seed=4, stored=False, evaluation=scored, estimated_accuracy={"value": 0.65})
    write_json(run.comparison, {"proxy_a_distance": {"before": 1.5, "after": 0.25}})
    numbers = [cell.replace("\u202f", " ") for cell in _cells(Content.of(run))]
    assert dict(zip((*HEADINGS, "training"), numbers, strict=True)) == {
        "steps": "300",
        "seed": "4",
        "accuracy": "70.0 %",
        "95 % interval": "50.0 % to 90.0 %",
        "mean recall": "60.0 %",
        "calibration error": "5.0 %",
        "estimated": "65 %",
        "A-distance": "0.25",
        "training": "6 s",
    }


def test_the_best_run_has_the_colour() -> None:
    assert _best([Result(name, accuracy, (0, 1), 9) for name, accuracy in (("a", 0.5), ("b", 0.9), ("c", 0.7))]) == "b"


def test_only_what_differs_is_listed(tmp_path: Path) -> None:
    runs = [finished(tmp_path / str(seed), seed=seed, stored=False) for seed in (3, 7)]
    page = Page(write_comparison(runs, tmp_path / "both.html").read_text(encoding="utf-8"))
    rows = page.html.split('id="settings"')[1].split("</section>")[0]
    assert rows.count('scope="row"') == 1
    assert '<th scope="row">seed</th><td>3</td><td>7</td>' in rows


def test_scores_on_different_images_are_called_so(tmp_path: Path) -> None:
    runs = [finished(tmp_path / str(n), n=n, stored=False) for n in (50, 60)]
    page = Page(write_comparison(runs, tmp_path / "both.html").read_text(encoding="utf-8"))
    assert "scored on different images" in page.text


def test_data_of_one_name_and_size_with_other_labels_are_other_images(tmp_path: Path) -> None:
    runs = [finished(tmp_path / name, stored=False) for name in "ab"]
    manifest = runs[1].read()
    manifest["results"]["evaluation"]["confusion"].reverse()
    write_json(runs[1].manifest, manifest)
    page = Page(write_comparison(runs, tmp_path / "both.html").read_text(encoding="utf-8"))
    assert "scored on different images" in page.text


def test_an_unfinished_run_stands_beside_the_others(tmp_path: Path) -> None:
    runs = [finished(tmp_path / name, stored=False) for name in "ab"]
    runs[1].manifest.rename(runs[1].partial_manifest)
    page = Page(write_comparison(runs, tmp_path / "both.html").read_text(encoding="utf-8"))
    assert "b: This run is not finished" in page.text


def test_a_run_whose_name_begins_with_an_underscore_is_in_the_legend() -> None:
    svg = str(recalls([("_old", {"a": 0.5}), ("new\uffff", {"a": 1.0})], ["a"]))
    assert "_old" in svg
    assert "new\N{REPLACEMENT CHARACTER}" in svg


def test_folders_of_one_name_are_told_apart() -> None:
    assert names_of([Path("/x/runs/a"), Path("/x/runs/b")]) == ["a", "b"]
    assert names_of([Path("/x/dann/0"), Path("/x/mcc/0")]) == ["dann/0", "mcc/0"]
    assert names_of([Path("/x/a"), Path("/x/a")]) == ["1. /x/a", "2. /x/a"]
