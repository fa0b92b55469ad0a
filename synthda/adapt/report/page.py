"""The report of a run: what its folder holds, as one HTML file that opens from disk and loads nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from synthda.adapt.model_card.texts import program_of
from synthda.adapt.report import charts, maps
from synthda.adapt.report.content import FLOOR, Content
from synthda.adapt.report.stored import Picture
from synthda.adapt.run import Run
from synthda.errors import RunError
from synthda.manifest import json_text, written_then_named
from synthda.shell import quoted

NOT_KNOWN = "–"
BEFORE = {"untrained": "untrained network", "pretrained": "pretrained network"}
LONG = 20
"""Rows beyond which a table is folded."""


def write_report(run: Run, out: Path | None = None) -> Path:
    """Write the report of a run from what its folder holds; the data are not needed.

    Args:
        run: finished, unfinished, or of an older synthda.
        out: the file; the run's `report.html` by default.

    Returns:
        The file.

    Raises:
        RunError: when the folder holds no run, or its manifests are incomplete or damaged.
        DataError: when its manifest cannot be read.
        SynthdaError: when the file cannot be written.
    """
    with damage_told(run.folder):
        text = page(Content.of(run))
    return write_page(out or run.report, text)


@contextmanager
def damage_told(*folders: Path) -> Iterator[None]:
    """Within: what the manifests of runs lack, or have in another form than synthda writes, as RunError."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, jinja2.TemplateError) as error:
        named = ", ".join(map(str, folders))
        raise RunError(
            f"A manifest in {named} is incomplete or damaged ({error!r}); the same synthda adapt command, given once "
            "more, scores the run and writes its manifests again."
        ) from error


def write_page(path: Path, text: str) -> Path:
    """Write HTML, whole or not at all."""
    with written_then_named(path) as partial:
        partial.write_text(text, encoding="utf-8", errors="replace", newline="\n")  # of names that are no UTF-8
    return path


def page(content: Content) -> str:
    """The report as HTML; equal contents, equal bytes."""
    return rendered(
        "report.html.jinja",
        content=content,
        title=f"{content.method} on {content.target_name}" if content.target_name else content.method,
        charts=_charts(content),
        facts=list(_facts(content)),
        groups=_groups(content),
        settings=settings_of(content),
        uses=_uses(content),
        before=_before(content),
        raw=_laid_out(content.manifest),
        long=LONG,
        most_balanced=charts.MOST_CLASSES,
    )


def rendered(template: str, **given: Any) -> str:
    """A template with the style sheet and the script of every page."""
    script = _source("copy.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    found = _environment().get_template(template)
    return found.render(style=Markup(_source("page.css")), script=Markup(script), script_hash=digest, **given)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("synthda.adapt.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.ChainableUndefined,
    )
    environment.filters |= {"percent": percent, "thousands": thousands, "data_uri": data_uri, "duration": duration}
    return environment


def _source(name: str) -> str:
    environment = _environment()
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0].strip()


def percent(value: float | None, decimals: int = 1) -> str:
    """A share in [0, 1], to be read."""
    return NOT_KNOWN if value is None else f"{100 * value:.{decimals}f}\u202f%"


def thousands(value: float) -> str:
    """A whole number with its thousands apart."""
    return f"{value:,.0f}"


def data_uri(picture: Picture) -> str:
    """A picture as the address that holds it."""
    return "data:image/jpeg;base64," + base64.b64encode(picture.jpeg).decode()


def duration(seconds: float) -> str:
    """Seconds, to be read."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _charts(content: Content) -> dict[str, Markup]:
    """By name; what there is nothing to draw of is left out."""
    found: dict[str, Markup] = {}
    results, stored = content.results_in_order(), content.stored
    if results:
        found["scores"] = charts.scores("scores", results, content.method)
    if stored is not None and len(stored.target.confidence):
        found["certainty"] = charts.certainty(stored.target, max(2, len(content.classes)))
    shares = content.results.get("predicted_shares")
    if shares:
        found["balance"] = charts.balance(shares, {} if stored is None else stored.about.get("source_shares", {}))
    selection = content.results.get("selection")
    if content.entries and content.terms:
        found["curves"] = charts.curves(content.entries, content.terms, selection["step"] if selection else None)
    if selection:
        found["candidates"] = charts.candidates(selection["candidates"], selection["step"], selection["rule"])
    if content.evaluation.get("confusion"):
        found["confusion"] = maps.confusion(content.evaluation["confusion"], content.classes)
    if stored is not None and stored.embedding is not None:
        found["plane"] = maps.plane(stored.embedding, _before(content), content.classes)
    if stored is not None and stored.evaluation is not None and (stored.evaluation.label >= 0).any():
        found["reliability"] = maps.reliability(stored.evaluation)
    if stored is not None and stored.about.get("factors"):
        found["factors"] = maps.factors(stored.about["factors"])
    return found


def _before(content: Content) -> str:
    known = "" if content.stored is None else str(content.stored.about.get("before", ""))
    return BEFORE.get(known, known)


def _facts(content: Content) -> Iterator[tuple[str, str, str]]:
    """The figures at the head: value, what it is, and a remark."""
    scored, estimate, floor = content.evaluation, content.estimate, content.estimate_of_floor
    if scored:
        low, high = scored["interval"]
        yield percent(scored["accuracy"]), "accuracy", f"95 % interval {percent(low)} to {percent(high)}"
    elif estimate:
        rests = f"no measurement: by {estimate['target_images']:,} images without labels"
        yield percent(estimate["value"], 0), "estimated to be right", rests
        if floor:
            yield percent(floor["value"], 0), "of source-only", "estimated alike"
    results = {row.name: row.accuracy for row in content.results_in_order()}
    if scored and FLOOR in results and content.method != FLOOR:
        gain = f"{100 * (scored['accuracy'] - results[FLOOR]):+.1f}".replace("-", "\u2212")
        yield gain, "points over source-only", f"{percent(results[FLOOR])} without adaptation"
    if content.comparison.get("gap_closed") is not None:
        yield percent(content.comparison["gap_closed"], 0), "of the gap closed", "from source-only to the oracle"
    distance = content.comparison.get("proxy_a_distance") or {}
    if distance.get("after") is not None:
        before = distance.get("before")
        remark = "0 alike, 2 far apart" if before is None else f"{before:.2f} before; 0 alike, 2 far apart"
        yield f"{distance['after']:.2f}", "proxy A-distance", remark
    if content.stored is not None and not scored:
        sure = content.stored.target.confidence.mean() if len(content.stored.target.confidence) else None
        yield percent(sure), "mean confidence", "on the target"


def _groups(content: Content) -> dict[str, Any]:
    """Pictures by where they are shown; the confident ones by predicted class, with how many there are of it."""
    pictures: Sequence[Picture] = () if content.stored is None else content.stored.pictures
    groups: dict[str, Any] = {name: list(members) for name, members in groupby(pictures, lambda one: one.group)}
    shares: Mapping[str, float] = content.results.get("predicted_shares") or {}
    groups["confident"] = [
        (name, shares.get(name), list(members))
        for name, members in groupby(groups.get("confident", ()), lambda one: one.predicted)
    ]
    groups["predicted"] = 0 if content.stored is None else len(set(content.stored.target.predicted.tolist()))
    return groups


def settings_of(content: Content) -> list[tuple[str, str]]:
    """The blueprint flattened: what was trained, and how."""
    flat: list[tuple[str, str]] = []
    for name, value in content.blueprint.items():
        if name == "classes":
            flat.append(("classes", str(len(value))))
        elif isinstance(value, Mapping):
            flat += [(str(key), _written(one)) for key, one in value.items()]
        else:
            flat.append((name, _written(value)))
    return [(name.replace("_", " "), value) for name, value in flat]


def _written(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " × ".join(map(str, value))
    return NOT_KNOWN if value is None or value == "" else f"{value:g}" if isinstance(value, float) else str(value)


def _laid_out(manifest: Mapping[str, Any]) -> str:
    """A manifest as indented JSON, a list of numbers or names on one line."""
    text = json_text(manifest, indent=1, default=str)
    return re.sub(
        r"\[\n([^][{}]*?)\n\s*\]", lambda found: f"[{' '.join(map(str.strip, found[1].split(chr(10))))}]", text
    )


def _uses(content: Content) -> list[tuple[str, str]]:
    """How to use the exported model: what a snippet is for, and its code."""
    if not content.run.onnx.exists():
        return []
    model = content.run.onnx.name
    in_folder = f"{content.run.folder.resolve().name}/{model}"
    plain = program_of(content.blueprint.get("input_size", (0, 0)), content.blueprint.get("fit", "stretch"))
    ours = f"""from pathlib import Path

from synthda.adapt.predict import Classifier

for found in Classifier(Path("{model}")).of_photos(Path("photos")):
    print(found.path, found.error or found.label, found.confidence)"""
    line = f"synthda predict {quoted(in_folder)} PHOTOS --out predictions.csv"
    return [
        ("A folder of photographs from the command line", line),
        ("The same from Python, without torch", ours),
        ("With onnxruntime alone", plain),
    ]
