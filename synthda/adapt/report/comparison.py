"""Several runs on one page: scores side by side, what differs between them, recall by class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from synthda.adapt.report import charts
from synthda.adapt.report.content import Content, Result, result_of
from synthda.adapt.report.page import NOT_KNOWN, damage_told, duration, percent, rendered, settings_of, write_page
from synthda.adapt.run import Run
from synthda.errors import RunError

MOST_CLASSES = 40
"""Of more, recall is in the table alone."""
HEADINGS = ("steps", "seed", "accuracy", "95 % interval", "mean recall", "calibration error", "estimated", "A-distance")
"""Of the numbers beside a run and its method; the time of training comes last."""


def write_comparison(runs: Sequence[Run], out: Path) -> Path:
    """Write a page that compares runs, from what their folders hold.

    Raises:
        RunError: when a folder holds no run, or is given twice, or has manifests that are incomplete or damaged.
        DataError: when a manifest cannot be read.
        SynthdaError: when the file cannot be written.
    """
    seen: set[Path] = set()
    for run in runs:
        if run.folder.resolve() in seen:
            raise RunError(f"{run.folder} is given twice; leave it out once: a run does not differ from itself.")
        seen.add(run.folder.resolve())
    with damage_told(*(run.folder for run in runs)):
        text = page([Content.of(run) for run in runs])
    return write_page(out, text)


def page(contents: Sequence[Content]) -> str:
    """The comparison as HTML; equal contents, equal bytes."""
    named = dict(zip(names_of([content.run.folder for content in contents]), contents, strict=True))
    results = [
        replace(found, name=name)
        for name, content in named.items()
        if (found := result_of(name, content.results)) is not None
    ]
    recalls = {name: one.evaluation["recall"] for name, one in named.items() if one.evaluation.get("recall")}
    classes = list(dict.fromkeys(label for recall in recalls.values() for label in recall))
    return rendered(
        "comparison.html.jinja",
        title=f"{len(contents)} runs compared",
        notices=list(_notices(named)),
        headings=(*HEADINGS, "training"),
        rows=[(name, content.method, _cells(content)) for name, content in named.items()],
        scores=charts.scores("scores", results, _best(results)) if results else "",
        settings=_differing(named),
        names=list(named),
        recalls=recalls,
        classes=classes,
        recall_chart=charts.recalls(list(recalls.items()), classes) if 0 < len(classes) <= MOST_CLASSES else "",
    )


def names_of(folders: Sequence[Path]) -> list[str]:
    """The folders' last names, with as much of their paths as tells them apart."""
    for parts in range(1, 1 + max(len(folder.resolve().parts) for folder in folders)):
        names = ["/".join(folder.resolve().parts[-parts:]) for folder in folders]
        if len(set(names)) == len(names):
            return names
    return [f"{place + 1}. {folder}" for place, folder in enumerate(folders)]


def _best(results: Sequence[Result]) -> str:
    return max(results, key=lambda row: row.accuracy).name


def _notices(named: Mapping[str, Content]) -> Iterator[str]:
    if len({_scored_on(one) for one in named.values() if one.evaluation}) > 1:
        yield "These runs were scored on different images: their accuracies cannot be compared."
    for name, content in named.items():
        yield from (f"{name}: {notice}" for notice in content.notices)


def _scored_on(content: Content) -> tuple[Any, ...]:
    """Name and size of the data, and how many images of each class it has: what tells it from other data."""
    counts = [sum(row) for row in content.evaluation.get("confusion", ())]
    by_class = sorted(zip(content.blueprint.get("classes", ()), counts, strict=False))
    return content.evaluation.get("data"), content.evaluation.get("n"), *by_class


def _cells(content: Content) -> list[str]:
    scored, results = content.evaluation, content.results
    estimate = results.get("estimated_accuracy") or {}
    distance = (content.comparison.get("proxy_a_distance") or {}).get("after")
    low, high = scored.get("interval", (None, None))
    return [
        f"{content.step:,}",
        str(content.blueprint.get("seed", NOT_KNOWN)),
        percent(scored.get("accuracy")),
        NOT_KNOWN if low is None else f"{percent(low)} to {percent(high)}",
        percent(scored.get("mean_recall")),
        percent(scored.get("calibration_error")),
        percent(estimate.get("value"), 0),
        NOT_KNOWN if distance is None else f"{distance:.2f}",
        duration(content.seconds) if content.seconds else NOT_KNOWN,
    ]


def _differing(named: Mapping[str, Content]) -> list[tuple[str, list[str]]]:
    """Settings and data that are not the same in all runs: name, and the value in each."""
    flat: list[dict[str, Any]] = []
    for content in named.values():
        sources = [str(source.get("name", "")) for source in content.data.get("sources", ())]
        few = content.data.get("labelled_target") or {}
        data = {"source": ", ".join(sources), "labelled target": few.get("name", "")}
        data |= {"target": content.target_name, "eval": content.evaluation.get("data", "")}
        flat.append(dict(settings_of(content)) | data)
    keys = dict.fromkeys(key for one in flat for key in one)
    rows = [(key, [str(one.get(key) or NOT_KNOWN) for one in flat]) for key in keys]
    return [(key, values) for key, values in rows if len(set(values)) > 1]
