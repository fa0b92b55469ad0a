"""Folders of runs as a training would leave them, made without one; and what a page says, read by an HTML parser."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from synthda.adapt.answers import Answers
from synthda.adapt.evaluate import evaluate
from synthda.adapt.report.pictures import Shown, confident, doubtful, mistakes
from synthda.adapt.report.stored import Embedding, Stored, write_stored
from synthda.adapt.run import Run
from synthda.datasets.domain import ArrayImages
from synthda.manifest import write_json

NAMES = ("apple", "pear", "plum")
STEPS = 300
VOID = {"meta", "link", "img", "br", "hr", "input"}


def probabilities(n: int, classes: int, *, seed: int = 0) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Class probabilities (n, K), right for most of the labels (n,)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n)
    logits = rng.normal(size=(n, classes))
    logits[np.arange(n), labels] += 1.5
    given = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return given.astype(np.float32), labels


def manifest(classes: Sequence[str], *, method: str = "dann", seed: int = 0, **results: Any) -> dict[str, Any]:
    blueprint = {
        "method": method,
        "network": "conv-small",
        "classes": list(classes),
        "input_size": [16, 16],
        "recipe": {"steps": STEPS, "learning_rate": 0.01},
        "fit": "stretch",
        "seed": seed,
    }
    source = {"name": "renderings", "images": 900, "content": "ab" * 16}
    data = {"sources": [source], "target": source | {"name": "store photographs"}}
    provenance = {"command": "synthda adapt --target 'store photographs'", "synthda": "0.1.0", "versions": {}}
    configuration = {"blueprint": blueprint, "data": data}
    made = {"format": 1, "kind": "run", "fingerprint": f"{method}-{seed}", "configuration": configuration}
    return made | {"results": {"checkpoint": "last", "steps": STEPS} | results, "provenance": provenance}


def log(run: Run, steps: int = STEPS) -> None:
    lines = [
        {"step": step, "label": 3 / step, "domain": 0.69, "domain_accuracy": 0.5, "seconds": 1.0}
        for step in range(50, steps + 1, 50)
    ]
    run.folder.mkdir(parents=True, exist_ok=True)
    run.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def finished(
    folder: Path, classes: Sequence[str] = NAMES, *, n: int = 60, labelled: bool = True, stored: bool = True,
    paths: Sequence[str] | None = None, side: int = 16, **changes: Any,
) -> Run:  # fmt: skip
    """A finished run; with `stored`, what its report needs of the data, as `gather` would have written it."""
    run, names = Run(folder), tuple(classes)
    log(run)
    given, labels = probabilities(n, len(names))
    evaluation = evaluate(given, labels, names).as_dict() | {"data": "labelled shelf"}
    shares = dict.fromkeys(names, round(1 / len(names), 4))
    results: dict[str, Any] = {"predicted_shares": shares} | ({"evaluation": evaluation} if labelled else {})
    found = manifest(names, **{**results, **changes})
    write_json(run.manifest, found)
    if stored:
        keep(run, names, given, labels if labelled else None, paths, side)
    return run


def keep(run: Run, names: tuple[str, ...], given: Any, labels: Any, paths: Sequence[str] | None, side: int) -> None:
    rng, n = np.random.default_rng(1), len(given)
    images = ArrayImages(rng.integers(0, 256, (n, side, side, 3), dtype=np.uint8))
    entropy = -(given * np.log(given)).sum(axis=1)
    sides = [
        Answers(given.argmax(axis=1), given.max(axis=1).astype(float), entropy, known)
        for known in (np.full(n, -1), labels)
        if known is not None
    ]
    target, evaluation = (Shown(images, one, np.arange(n), names, paths) for one in (sides[0], sides[-1]))
    pictures = [*target.pictures("confident", confident(sides[0])), *target.pictures("doubtful", doubtful(sides[0]))]
    pictures += evaluation.pictures("mistakes", mistakes(evaluation.answers))
    points = min(n, 500)
    placed = [rng.normal(size=(2 * points, 2)).astype(np.float32) for _ in range(2)]
    marks = (np.repeat([False, True], points), np.tile(np.arange(points) % len(names), 2))
    about = {
        "fingerprint": run.read()["fingerprint"],
        "before": "source-only",
        "target": {"name": "store photographs", "images": n, "asked": n},
        "evaluation": {"name": "labelled shelf", "images": n, "asked": n},
        "placed": "evaluation",
        "source": ["renderings"],
        "source_shares": dict.fromkeys(names, 1 / len(names)),
        "factors": [],
    }
    scored = sides[1] if labels is not None else None
    write_stored(run, Stored(about, sides[0], scored, pictures, Embedding(*placed, *marks, key="k")))


@dataclass
class Page(HTMLParser):
    """What a page consists of.

    Attributes:
        opened: every element's name and attributes, in order.
        text: all that is read.
        unclosed: elements that were not closed in their order.
    """

    html: str
    opened: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: str = ""
    unclosed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.unclosed.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed[-1:] == [tag], f"</{tag}> closes {self.unclosed[-1:]}"
        self.unclosed.pop()

    def handle_data(self, data: str) -> None:
        if not self.unclosed or self.unclosed[-1] not in ("style", "script"):
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.opened if name == tag]
