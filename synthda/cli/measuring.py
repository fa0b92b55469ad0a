"""`synthda evaluate --labels`: what a person's labels say of a model, in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synthda.adapt.labelling.measured import ENOUGH, Measured, measure
from synthda.adapt.predict import Classifier
from synthda.cli.listing import console, pairs, print_json, say, table, warn_skipped
from synthda.datasets.label_file import for_queue, label_spec
from synthda.errors import SettingError


def evaluate_labels(subject: Path, labels: Path, *, as_json: bool, others: Mapping[str, object]) -> None:
    """Score a run's model.onnx, or an exported model, on the measure queue of a label file.

    Raises:
        SettingError: when an option is given that is for other data.
    """
    given = [option for option, value in others.items() if value is not None]
    if given:
        raise SettingError(f"--labels and {given[0]} do not go together; leave out one of the two.")
    model = subject / "model.onnx" if subject.is_dir() else subject
    named = label_spec(for_queue(str(labels), "measure"))
    found = measure(Classifier(model), named[0] if named else labels)
    if as_json:
        print_json({"model": str(model), "labels": str(labels)} | found.as_dict())
        return
    warn_skipped(found.skipped, "photograph")
    say(f"{model} on {labels}, the photographs that measure")
    say()
    console().print(pairs(_lines(found)))
    say()
    few = sum(share.n < ENOUGH for share in found.recall.values())
    if few < len(found.recall):
        console().print(_recalls(found))
    if few:
        say(f"Classes with fewer than {ENOUGH} photographs, too few for a recall: {few:,}. Their counts: --json")


def _lines(found: Measured) -> dict[str, object]:
    lines: dict[str, object] = {"accuracy": found.all}
    if found.unknown is not None:
        lines["of known classes"] = found.known or "none of the photographs"
        lines["of none of them"] = found.unknown
    if found.left_out:
        lines["skipped"] = f"{found.left_out:,} by the person: nothing is known of these"
    return lines


def _recalls(found: Measured) -> Any:
    grid = table("class", "photographs", "recall", "95 % interval", right=(1, 2))
    for name, share in found.recall.items():
        if share.n >= ENOUGH:
            low, high = share.interval
            grid.add_row(name, f"{share.n:,}", f"{share.value:.3f}", f"{low:.3f} to {high:.3f}")
    return grid
