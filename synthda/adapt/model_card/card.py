"""The card: its sections in order, and what a person filled in kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from synthda.adapt.model_card.facts import Facts
from synthda.adapt.model_card.figures import by_class, estimated, figure, limits, measured
from synthda.adapt.model_card.markdown import code, fenced, front_matter, literal, table
from synthda.adapt.model_card.texts import FIELDS, use_in_python, what_it_is
from synthda.adapt.run import Run
from synthda.errors import RunError
from synthda.manifest import written_then_named

LICENSE = "license: unknown  # a person fills this in"
"""Until somebody does: no licence follows from a run."""

WRITTEN = ("pipeline_tag", "library_name", "tags", "model-index")
"""The keys at the top that are written anew each time; all others are a person's."""

KEY = re.compile(r"""(["']?)([^\s"'#-][^"']*?)\1\s*:(?:\s|$)""")
"""What begins an entry at the top; what is indented, and a `- ` below a key, goes on with it."""


def write_model_card(run: Run) -> Path:
    """Write the run's card, or write it again: what a person filled in stays, all else comes from the manifests.

    Of a run that is not finished there is what is known, and a line that says so.

    Raises:
        RunError: when the folder holds no run, or its manifest is damaged; when what a person filled in cannot be told.
    """
    earlier = _earlier(run.model_card) if run.model_card.exists() else ""
    text = model_card(Facts.of(run), earlier)
    with written_then_named(run.model_card) as partial:
        partial.write_text(text, encoding="utf-8", errors="replace")  # a name that is no UTF-8
    return run.model_card


def _earlier(path: Path) -> str:
    """The card as a person left it, in any editor's line ends; raises RunError rather than lose what was filled in."""
    try:
        text = "\n".join(path.read_text(encoding="utf-8-sig").splitlines()) + "\n"
    except UnicodeDecodeError:
        raise RunError(f"{path} is not UTF-8; save it as that, and what was filled in stays.") from None
    for name in FIELDS:
        opening, closing = _comments(name)
        if (opening in text) != (closing in text) or text.find(opening) > text.find(closing):
            raise RunError(f"{path} has one of the comments around {name!r} only; put both back, or remove the file.")
    return text


def model_card(facts: Facts, earlier: str = "") -> str:
    """The card's text; of an `earlier` one, what a person filled in is kept.

    Raises:
        RunError: when the manifest lacks what every run has.
    """
    try:
        sections = list(_sections(facts, earlier))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(f"The run's manifest is incomplete or damaged ({error!r}); train again.") from error
    return "\n\n".join(sections) + "\n"


def _sections(facts: Facts, earlier: str) -> Iterator[str]:
    plan = facts.blueprint
    title = f"{plan['method']} × {plan['network']}, {len(plan['classes'])} classes"
    yield _front(facts, title, earlier)
    yield f"# {literal(title)}"
    yield what_it_is("target" in facts.data)
    if not facts.finished:
        yield "**This run is not finished: nothing has been measured yet.**"
    yield _about(facts)
    yield "Classes, in the order of the outputs: " + ", ".join(literal(name) for name in plan["classes"]) + "."
    yield f"## Intended use\n\n{_field('use', earlier)}"
    yield "## Data\n\n" + _data(facts)
    yield "## How well it does"
    yield from measured(facts)
    yield from estimated(facts)
    yield from by_class(facts)
    yield "## Limits\n\n" + "\n".join(f"- {line}" for line in limits(facts))
    yield f"## Use\n\n{use_in_python(plan['input_size'], plan['fit'])}"
    yield "## Settings\n\n" + _settings(facts)
    yield f"## Licence and rights\n\n{_field('licence', earlier)}\n\n{_field('data', earlier)}"
    yield f"## Contact\n\n{_field('contact', earlier)}"
    yield from _provenance(facts)


def _front(facts: Facts, title: str, earlier: str) -> str:
    content: dict[str, object] = {
        "pipeline_tag": "image-classification",
        "library_name": "onnx",
        "tags": ["image-classification", "domain-adaptation", "synthda", "onnx"],
    }
    scored = facts.results.get("evaluation")
    if scored is not None:
        task = {"type": "image-classification"}
        metrics = [{"type": "accuracy", "value": scored["accuracy"]}]
        result = {"task": task, "dataset": {"name": scored["data"], "type": scored["data"]}, "metrics": metrics}
        content["model-index"] = [{"name": title, "results": [result]}]
    opening, rest = front_matter(content).split("\n", 1)
    return "\n".join([opening, *_kept(earlier), rest])


def _kept(earlier: str) -> list[str]:
    """Lines at the top that a person wrote there, or the one that asks for it."""
    top = re.match(r"---\s*\n(.*?)^---\s*$", earlier, re.DOTALL | re.MULTILINE)
    lines: list[str] = []
    keys = [""]
    for line in top[1].splitlines() if top else ():
        if found := KEY.match(line):
            keys.append(found[2])
        if line.startswith("#") or keys[-1] not in WRITTEN:
            lines.append(line)
    return lines if "license" in keys else [LICENSE, *lines]


def _about(facts: Facts) -> str:
    plan, results = facts.blueprint, facts.results
    height, width = plan["input_size"]
    rows = {
        "Input": f"`images`: uint8 RGB, (N, {height:d}, {width:d}, 3); fit: {literal(plan['fit'])}",
        "Output": f"`probabilities`: float32, (N, {len(plan['classes'])})",
        "Method": literal(plan["method"]),
        "Network": literal(plan["network"]),
        "Seed": figure(plan["seed"]),
        "Steps": figure(results.get("steps", plan["recipe"]["steps"])),
        "Checkpoint": _checkpoint(results),
        "Fingerprint": code(facts.manifest["fingerprint"]),
    }
    return table(("", ""), [*rows.items(), *_exports(facts)])


def _exports(facts: Facts) -> Iterator[tuple[str, str]]:
    parity, int8 = facts.parity or facts.results.get("parity"), facts.parity_int8
    if parity:
        yield (
            "Export",
            f"compared with the trained network on {figure(parity['images'])} images: another class on "
            f"{figure(parity['different_classes'])}, largest difference of a probability "
            f"{parity['largest_difference']:.1e} (allowed {parity['tolerance']:.0e})",
        )
    if int8:
        yield "In 8 bits", f"the same class on {figure(int8['same_class'])} of {figure(int8['images'])} images"


def _checkpoint(results: Mapping[str, Any]) -> str:
    choice = results.get("selection")
    if choice is None:
        return "the last"
    among = f"among {len(choice['candidates'])}, without labels of the target"
    return f"step {figure(choice['step'])}, chosen by {literal(choice['rule'])} {among}"


def _data(facts: Facts) -> str:
    domains = [("source", found) for found in facts.data["sources"]]
    others = {"labelled target": "labelled_target", "target": "target"}
    domains += [(role, facts.data[name]) for role, name in others.items() if name in facts.data]
    rows = [
        (
            role,
            literal(found["name"]),
            figure(found["images"]),
            code(found["content"]),
            code(found["labels"]) if "labels" in found else "not read",
        )
        for role, found in domains
    ]
    text = table(("", "name", "images", "hash of the pixels", "hash of the labels"), rows)
    for name, content in facts.manifest["configuration"].get("inputs", {}).items():
        text += f"\n\nThe network started from a file of {literal(name)} with the SHA-256 {code(content)}."
    return text


def _settings(facts: Facts) -> str:
    plan = facts.blueprint
    parts = {"recipe": plan["recipe"], "method": plan["method_settings"], "network": plan["network_settings"]}
    rows = [(part, literal(name), literal(value)) for part, given in parts.items() for name, value in given.items()]
    return table(("of the", "setting", "value"), rows) + "\n\nAll others have their defaults."


def _provenance(facts: Facts) -> Iterator[str]:
    made = facts.manifest.get("provenance")
    if made is None:
        return
    rows = {"synthda": made["synthda"], "commit": made["commit"] or "not known", "Python": made["python"]}
    rows |= {"system": made["system"], **made["versions"]}
    yield "## Where it comes from"
    yield table(("", ""), [(literal(name), literal(value)) for name, value in rows.items()])
    yield fenced(" ".join(str(made["command"]).split()))


def _field(name: str, earlier: str) -> str:
    """What a person fills in, between two comments: as it was in the earlier card, or what is asked for."""
    opening, closing = _comments(name)
    found = re.search(rf"{re.escape(opening)}\s*(.*?)\s*{re.escape(closing)}", earlier, re.DOTALL)
    return f"{opening}\n{found[1] if found and found[1] else FIELDS[name]}\n{closing}"


def _comments(name: str) -> tuple[str, str]:
    """Between these a person fills in."""
    return f"<!-- a person fills in: {name} -->", f"<!-- end of {name} -->"
