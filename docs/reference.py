"""The reference pages, written from the code: commands, methods, networks, renderers, data sets, Python."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from synthda.adapt.methods import METHODS
from synthda.adapt.networks import NETWORKS
from synthda.adapt.recipe import Recipe
from synthda.adapt.shallow import SHALLOW
from synthda.adapt.shallow.msda import MSDA
from synthda.cli.listing import described
from synthda.datasets import DATASETS
from synthda.settings import load
from synthda.synth import RENDERERS

PYTHON = {
    "Train, export": ("synthda.adapt.adaptation", "adapt", "export_run"),
    "Score": ("synthda.adapt.results", "score"),
    "A run's trained method": ("synthda.adapt.trained", "load_run"),
    "What is trained": ("synthda.adapt.blueprint", "Blueprint"),
    "On what": ("synthda.adapt.data", "Data", "open_data"),
    "A run's folder": ("synthda.adapt.run", "Run"),
    "Predict without torch": ("synthda.adapt.predict", "Classifier", "Prediction"),
    "Classes without training": ("synthda.adapt.enrol", "enrol", "remove", "enrolled_in"),
    "Boxes in photographs": ("synthda.datasets.boxes", "read_boxes", "Boxed"),
    "Domains": ("synthda.datasets.domain", "Images", "ArrayImages", "Domain"),
    "Open any domain": ("synthda.datasets.specs", "open_domain"),
    "Render": ("synthda.synth.generate", "generate"),
    "Write a renderer": ("synthda.synth.renderer", "Renderer"),
    "Write a method": ("synthda.adapt.method", "Method", "Batch"),
    "Methods that combine": ("synthda.adapt.additive", "AdditiveMethod", "Seen"),
}
"""By heading, a module and what of it is public."""


def write_reference(folder: Path, documents: Mapping[str, str], names: Mapping[str, str]) -> None:
    """All generated pages, and the documents beside the README under the names that the site has for them."""
    folder.mkdir(exist_ok=True)
    pages = {
        "commands": _commands(),
        "settings-of-methods": _methods(),
        "settings-of-networks": _settings("Settings of networks", "network", NETWORKS),
        "settings-of-renderers": _settings("Settings of renderers", "renderer", RENDERERS),
        "data-sets": _data_sets(),
        "python": _python(),
        **{names[document]: text for document, text in documents.items()},
    }
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _commands() -> str:
    asked = ["synthda.cli.app", "utils", "docs", "--name", "synthda", "--title", "Commands"]
    typer = [sys.executable, "-m", "typer", *asked]
    return subprocess.run(typer, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def _methods() -> str:
    shallow = [described(name, load("shallow method", name, SHALLOW)) for name in SHALLOW]
    return "\n".join(
        [
            _settings("Settings of methods", "method", METHODS),
            "## recipe\n\nOf the training loop, with any method.\n",
            _described([described("recipe", Recipe)]).partition("\n\n")[2],
            "## For feature vectors\n",
            _described([*shallow, described("msda", MSDA)], "###"),
        ]
    )


def _settings(title: str, kind: str, registry: Mapping[str, str]) -> str:
    return f"# {title}\n\n" + _described(described(name, load(kind, name, registry)) for name in registry)


def _described(things: Iterable[Mapping[str, Any]], level: str = "##") -> str:
    lines: list[str] = []
    for thing in things:
        lines += [f"{level} {thing['name']}", "", _cell(thing["summary"]), ""]
        if thing["settings"]:
            lines += ["| setting | default | accepts | |", "|---|---|---|---|"]
            for each in thing["settings"]:
                default = "none" if each["default"] in (None, "") else each["default"]
                cells = (f"`{each['name']}`", default, each["accepts"], each["help"])
                lines.append(f"| {' | '.join(_cell(str(cell)) for cell in cells)} |")
            lines.append("")
    return "\n".join(lines)


def _data_sets() -> str:
    lines = ["# Data sets", "", "`synthda datasets` also tells whether each was found on this machine.", ""]
    for name in DATASETS:
        found = load("data set", name, DATASETS)
        lines += [f"## {name}", "", _cell(found.summary), "", f"Splits: {', '.join(found.splits)}.", ""]
    return "\n".join(lines)


def _python() -> str:
    lines = ["# Python", ""]
    for heading, (module, *names) in PYTHON.items():
        lines += [f"## {heading}", "", f"In `{module}`:", ""]
        for name in names:
            kind, members = ("autoclass", ["   :members:"]) if name[0].isupper() else ("autofunction", [])
            lines += ["```{eval-rst}", f".. {kind}:: {module}.{name}", *members, "```", ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
