"""The report: nothing is loaded, everything is escaped, the structure is sound, and what is missing is said."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from report_runs import NAMES, STEPS, Page, finished, log, manifest

import synthda
from bench.browser import chromium, lacking
from synthda.adapt.report.comparison import write_comparison
from synthda.adapt.report.content import Content
from synthda.adapt.report.page import _facts, duration, write_report
from synthda.adapt.run import Run
from synthda.errors import DataError, RunError
from synthda.manifest import write_json

ROOT = Path(synthda.__file__).parent
LISTEN = """
window.said = [];
for (const button of document.querySelectorAll("button.copy"))
  new MutationObserver(() => said.push(button.textContent)).observe(button, {childList: true});
"""
EVIL = "<script>alert(1)</script>"
QUOTED = "\" onerror='alert(2)' & {{ 7*7 }}"
LINKS = ("src", "href", "action", "data", "poster", "srcset", "xlink:href")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a finished run whose baselines were trained, with everything that can be in it."""
    run = finished(tmp_path_factory.mktemp("runs") / "run")
    for method in ("source-only", "train-on-target"):
        finished(run.baseline(method).folder, stored=False, method=method)
    choice = {"rule": "bnm", "step": 150, "candidates": [{"step": 150, "score": 2.0}, {"step": 300, "score": 1.5}]}
    known = json.loads(run.manifest.read_text(encoding="utf-8"))
    known["results"] |= {"selection": choice, "evaluation_of_last": known["results"]["evaluation"]}
    write_json(run.manifest, known)
    parts = [
        {"name": name, "n": 20, "accuracy": 0.5, "interval": [0.3, 0.7], "low": low, "mean": low, "high": low}
        for name, low in (("0.0 … 0.1", 0.1), ("0.2", 0.2))
    ]
    factor = {"factor": "blur", "numeric": True, "n": 40, "accuracy": 0.5, "parts": parts}
    choices = [part | {"low": None, "mean": None, "high": None} for part in parts]
    about = json.loads((run.gathered / "gathered.json").read_text(encoding="utf-8"))
    about["factors"] = [factor, factor | {"factor": "font", "numeric": False, "parts": choices}]
    write_json(run.gathered / "gathered.json", about)
    write_json(run.comparison, {"gap_closed": 0.5, "proxy_a_distance": {"before": 1.5, "after": 0.75}})
    run.onnx.write_bytes(b"")
    return write_report(run)


def read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def test_a_whole_run_has_every_section(whole: Path) -> None:
    page = read(whole)
    sections = [section["id"] for section in page.all("section")]
    expected = ["result", "health", "training", "features", "classes", "calibration", "photographs"]
    assert sections == [*expected, "factors", "use", "made"]
    for said in ("1.50 of source-only", "0.75", "chosen by bnm", "95 % interval", "synthda predict run/model.onnx"):
        assert said in page.text, said
    assert "notice" not in [part.get("class") for part in page.all("p")]


def test_nothing_is_loaded_from_anywhere(whole: Path) -> None:
    page = read(whole)
    for tag, attributes in page.opened:
        for name in LINKS:
            link = attributes.get(name)
            assert link is None or link.startswith(("data:", "#")), (tag, link)
    css = re.search(r"<style>(.*?)</style>", page.html, re.DOTALL)
    assert css is not None
    assert "url(" not in css[1]
    assert "@import" not in css[1]
    assert "http" not in re.sub(r'http-equiv="[^"]*"', "", page.html), "not even as a namespace"
    policy = next(meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_the_structure_is_sound(whole: Path) -> None:
    page = read(whole)
    assert page.unclosed == []
    ids = [attributes["id"] for _, attributes in page.opened if "id" in attributes]
    assert len(ids) == len(set(ids))
    levels = [int(tag[1]) for tag, _ in page.opened if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    targets = {link["href"][1:] for link in page.all("a")} | {use["href"][1:] for use in page.all("use")}
    assert targets <= set(ids)
    clips = set(re.findall(r"url\(#([^)]+)\)", page.html))
    assert clips <= set(ids)


def test_it_can_be_read_without_eyes_or_mouse(whole: Path) -> None:
    page = read(whole)
    assert page.all("html") == [{"lang": "en"}]
    assert all(image.get("alt") for image in page.all("img"))
    assert all(chart["role"] == "img" and chart["aria-label"] for chart in page.all("svg"))
    assert all(cell["scope"] in ("row", "col") for cell in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all("aria-label" in button for button in page.all("button"))
    assert all(code["tabindex"] == "0" for code in page.all("pre")), "what scrolls can be reached"
    labelled = [section["aria-labelledby"] for section in page.all("section")]
    assert labelled == [heading["id"] for heading in page.all("h2")]


def test_text_stays_text_and_colours_are_the_pages(whole: Path) -> None:
    html = whole.read_text(encoding="utf-8")
    assert ">apple</text>" in html
    assert "var(--accent)" in html
    assert not re.search(r"#00000[1-9]", html), "a colour that stands for a variable"


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_text_has_contrast_on_its_ground(whole: Path, ground: str) -> None:
    """Contrast ratio of WCAG 2.2, success criterion 1.4.3: at least 4.5."""
    sheets = re.findall(r":root \{(.*?)\}", whole.read_text(encoding="utf-8"), re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#\w+);", sheets[ground == "dark"]))
    for text, behind in (("ink", "ground"), ("muted", "ground"), ("muted", "raised"), ("accent", "ground"),
                         ("ink", "notice"), ("ink", "raised"), ("accent", "raised")):  # fmt: skip
        light, dark = sorted((_luminance(colours[text]), _luminance(colours[behind])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, behind)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_names_of_classes_files_and_domains_are_escaped(tmp_path: Path) -> None:
    run = finished(
        tmp_path / EVIL[:8], (EVIL, QUOTED, "$x_1$"), paths=[f"{place}{EVIL}{QUOTED}" for place in range(60)]
    )
    known = json.loads(run.manifest.read_text(encoding="utf-8"))
    known["provenance"]["command"] = f"synthda adapt --target {EVIL}"
    known["configuration"]["data"]["target"]["name"] = EVIL
    known["results"]["evaluation"]["data"] = EVIL
    write_json(run.manifest, known)
    run.onnx.write_bytes(b"")
    page = read(write_report(run))
    assert len(page.all("script")) == 1, "the page's own"
    assert not any(name.startswith("on") for _, attributes in page.opened for name in attributes)
    assert EVIL in page.text
    assert QUOTED in page.text, "nor is a name a template"
    assert "$x_1$" in page.text, "nor a formula"
    assert any(EVIL in image["alt"] for image in page.all("img"))


@pytest.mark.parametrize(
    ("fit", "call"),
    [("stretch", "image.resize((16, 16)"), ("pad", "ImageOps.pad(image,"), ("crop", "ImageOps.fit(image,")],
)
def test_the_program_to_copy_fits_photographs_as_the_model_does(tmp_path: Path, fit: str, call: str) -> None:
    run = finished(tmp_path / "run")
    run.onnx.write_bytes(b"")
    known = json.loads(run.manifest.read_text("utf-8"))
    known["configuration"]["blueprint"]["fit"] = fit
    write_json(run.manifest, known)
    page = write_report(run).read_text("utf-8")
    assert call in page
    assert "session.run([&#34;probabilities&#34;]" in page
    assert ("as each of these snippets does" in page) == (fit != "stretch")
    assert "drops the transparency that synthda lays on white, and clips images of 16 bits" in page


def test_made_again_it_has_the_same_bytes(tmp_path: Path) -> None:
    run = finished(tmp_path)
    first = write_report(run).read_bytes()
    assert write_report(run, tmp_path / "again.html").read_bytes() == first


def test_a_run_without_labels_says_what_can_be_said(tmp_path: Path) -> None:
    estimate = {"value": 0.81, "by": "thresholded confidence", "source_accuracy": 0.9}
    estimate |= {"source_images": 500, "target_images": 400}
    page = read(write_report(finished(tmp_path, labelled=False, estimated_accuracy=estimate)))
    sections = [section["id"] for section in page.all("section")]
    assert sections == ["health", "training", "features", "photographs", "made"]
    assert "81\u202f%" in page.text
    assert "estimated to be right" in page.text
    assert "400 images without labels" in page.text
    assert "not to be trusted" not in page.text


def test_an_estimate_that_is_not_to_be_trusted_is_doubted_on_the_page(tmp_path: Path) -> None:
    unlearnt = {"value": 0.8, "by": "it", "source_accuracy": 0.63, "source_images": 100, "target_images": 80}
    run = finished(tmp_path, labelled=False, estimated_accuracy=unlearnt)
    floor = run.baseline("source-only")
    known = json.loads(run.manifest.read_text(encoding="utf-8"))
    known["results"]["estimated_accuracy"]["value"] = 0.9
    floor.folder.mkdir(parents=True, exist_ok=True)
    write_json(floor.manifest, known)
    page = read(write_report(run))
    text = " ".join(page.text.split())
    assert "63% are recognised: the network has not learnt the source yet" in text
    assert "source-only training does better than" in text
    assert "90\u202f%" in page.text


def facts(run: Run) -> list[tuple[str, str, str]]:
    """The figures at the head."""
    return [tuple(part.replace("\u202f", " ") for part in fact) for fact in _facts(Content.of(run))]  # type: ignore[misc]


def test_the_figures_at_the_head_are_those_of_the_run_beside_source_only(tmp_path: Path) -> None:
    scored = {"data": "shelf", "n": 60, "accuracy": 0.75, "interval": [0.7, 0.8]}
    run = finished(tmp_path, stored=False, evaluation=scored)
    finished(
        run.baseline("source-only").folder, method="source-only", stored=False, evaluation=scored | {"accuracy": 0.5}
    )
    write_json(run.comparison, {"gap_closed": 0.4, "proxy_a_distance": {"before": 1.5, "after": 0.25}})
    assert facts(run) == [
        ("75.0 %", "accuracy", "95 % interval 70.0 % to 80.0 %"),
        ("+25.0", "points over source-only", "50.0 % without adaptation"),
        ("40 %", "of the gap closed", "from source-only to the oracle"),
        ("0.25", "proxy A-distance", "1.50 before; 0 alike, 2 far apart"),
    ]


def test_without_labels_the_figures_at_the_head_are_estimates(tmp_path: Path) -> None:
    estimate = {"value": 0.75, "target_images": 4000, "source_images": 300, "source_accuracy": 0.9}
    run = finished(tmp_path, labelled=False, stored=False, estimated_accuracy=estimate)
    floor = estimate | {"value": 0.5}
    finished(run.baseline("source-only").folder, labelled=False, stored=False, estimated_accuracy=floor)
    assert facts(run) == [
        ("75 %", "estimated to be right", "no measurement: by 4,000 images without labels"),
        ("50 %", "of source-only", "estimated alike"),
    ]


def test_a_duration_is_in_seconds_minutes_or_hours() -> None:
    assert [duration(seconds) for seconds in (119, 120, 7199, 7200)] == ["119 s", "2 min", "120 min", "2.0 h"]


def test_a_threshold_for_unknown_is_told_with_what_it_does_to_the_numbers(tmp_path: Path) -> None:
    rejection = {"temperature": 2.5, "unknown_logit": 8.0, "kept": 0.95, "images": 1200}
    run = finished(tmp_path, (*NAMES, "unknown"), rejection=rejection)
    known = json.loads(run.manifest.read_text(encoding="utf-8"))
    known["results"]["evaluation"]["unknown_auroc"] = 0.75
    write_json(run.manifest, known)
    text = " ".join(read(write_report(run)).text.split())
    assert "no class's logit reaches 8.00 at the temperature 2.50: 95.0 % of 1,200 held-out source images" in text
    assert "area under the curve (AUROC) of 0.750" in text
    assert "all are divided by 1 + t" not in text


def test_a_threshold_that_was_given_is_told_too(tmp_path: Path) -> None:
    run = finished(tmp_path)
    assert "less probable than" not in read(write_report(run)).text
    known = json.loads(run.manifest.read_text(encoding="utf-8"))
    known["configuration"]["blueprint"]["unknown_below"] = 0.6
    write_json(run.manifest, known)
    text = " ".join(read(write_report(run)).text.split())
    assert "less probable than 0.600" in text
    assert "all are divided by 1 + t" in text


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("results", "evaluation", "interval"), [0.5]),
        (("results", "evaluation", "confusion"), [["x"]]),
    ],
)
def test_a_manifest_of_another_form_is_one_sentence_and_the_last_report_stays(
    tmp_path: Path, place: tuple[str, ...], value: object
) -> None:
    run = finished(tmp_path, stored=False)
    write_report(run)
    before = run.report.read_bytes()
    known = json.loads(run.manifest.read_text(encoding="utf-8"))
    parent = known
    for name in place[:-1]:
        parent = parent[name]
    parent[place[-1]] = value
    write_json(run.manifest, known)
    for write in (lambda: write_report(run), lambda: write_comparison([run, finished(tmp_path / "b")], run.report)):
        with pytest.raises(RunError, match=r"is incomplete or damaged .*; the same synthda adapt command") as caught:
            write()
        assert "\n" not in str(caught.value)
    assert run.report.read_bytes() == before


def test_an_older_run_has_a_report_of_what_is_there(tmp_path: Path) -> None:
    page = read(write_report(finished(tmp_path, stored=False)))
    assert [section["id"] for section in page.all("section")] == ["result", "health", "training", "classes", "made"]
    assert "they were not kept" in page.text


@pytest.mark.parametrize("steps", [0, 150])
def test_a_run_that_stopped_half_way_says_so(tmp_path: Path, steps: int) -> None:
    run = Run(tmp_path)
    known = manifest(("a", "b"))
    write_json(run.partial_manifest, {name: known[name] for name in ("format", "kind", "fingerprint", "configuration")})
    log(run, steps)
    page = read(write_report(run))
    assert f"not finished: its log ends at step {steps} of {STEPS}" in page.text
    assert [section["id"] for section in page.all("section")] == (["training"] if steps else []) + ["made"]


@pytest.mark.parametrize("name", ["gathered.json", "answers.npz", "pictures.npz", "embedding.npz"])
def test_a_damaged_part_is_told_and_the_rest_is_shown(tmp_path: Path, name: str) -> None:
    run = finished(tmp_path)
    (run.gathered / name).write_bytes(b"PK\x03\x04 cut off")
    page = read(write_report(run))
    assert "is damaged" in page.text
    assert "result" in [section["id"] for section in page.all("section")]


def test_kept_facts_that_lack_what_the_page_counts_on_are_damaged(tmp_path: Path) -> None:
    run = finished(tmp_path)
    write_json(run.gathered / "gathered.json", {"format": 1, "kind": "report", "fingerprint": "dann-0"})
    assert "is damaged" in read(write_report(run)).text


def test_a_log_with_numbers_that_are_none_is_drawn(tmp_path: Path) -> None:
    run = finished(tmp_path, stored=False)
    run.metrics.write_text('{"step": 50, "label": NaN}\n{"step": 100, "label": 1.0}\n{"step": 1', encoding="utf-8")
    assert "training" in [section["id"] for section in read(write_report(run)).all("section")]


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no run"):
        write_report(Run(tmp_path))
    write_json(tmp_path / "run.json", {"format": 1, "kind": "comparison"})
    with pytest.raises(RunError, match="holds no run of synthda adapt"):
        write_report(Run(tmp_path))
    (tmp_path / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="not a readable manifest"):
        write_report(Run(tmp_path))


def test_many_classes_are_folded_not_dropped(tmp_path: Path) -> None:
    names = tuple(f"class {place:02}" for place in range(81))
    page = read(write_report(finished(tmp_path, names, n=400)))
    assert {"open": ""} not in page.all("details")
    assert all(name in page.text for name in names)


@pytest.mark.slow
def test_five_thousand_photographs_take_seconds_and_megabytes_within_bounds(tmp_path: Path) -> None:
    names = tuple(f"product {place:02}" for place in range(81))
    run = finished(tmp_path, names, n=5000, side=128)
    started = time.monotonic()
    path = write_report(run)
    assert time.monotonic() - started < 15
    assert path.stat().st_size < 8_000_000


@pytest.mark.slow
@pytest.mark.skipif(lacking() is not None, reason=str(lacking()))
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_opens_it_from_disk_and_copies_without_a_complaint(whole: Path, scheme: str) -> None:
    complaints: list[str] = []
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 400, "height": 800}, color_scheme=scheme)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(whole.as_uri())
        page.evaluate(LISTEN)  # for a button soon says Copy again
        for button in page.query_selector_all("button.copy"):
            button.click()
        page.wait_for_function("() => said.filter(word => word === 'Copied').length >= 4")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "on a telephone, too"
        assert page.evaluate("performance.getEntriesByType('resource').length") == 0
    assert complaints == []


def test_a_report_is_built_without_torch() -> None:
    program = "import sys, synthda.adapt.report.comparison; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT.parent, timeout=120).returncode == 0


def test_names_that_no_font_or_xml_takes_are_drawn_all_the_same(tmp_path: Path) -> None:
    run = finished(tmp_path, ("caf\udce9", "a\x01b", "tea"))
    assert "caf\ufffd" in write_report(run).read_text(encoding="utf-8")
