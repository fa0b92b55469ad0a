"""Tables of how fast a model starts, predicts and computes in 8 bits, from the result files."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from typing import Any

from bench.paths import RESULTS

NOT_MEASURED = "not measured"


def deployment_tables() -> str:
    """Prediction, 8 bits and start-up as Markdown."""
    parts = [
        _section("Prediction", "predict", _prediction),
        _section("Eight bits", "int8", _int8),
        _section("Start-up", "start_up", _start_up),
    ]
    return "\n".join(parts)


def _section(title: str, name: str, lines: Callable[[dict[str, Any]], list[str]]) -> str:
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return f"## {title}\n\n{NOT_MEASURED}\n"
    found = json.loads(path.read_text(encoding="utf-8"))
    machine = found["machine"]
    made = (
        f"Measured on {machine['processor']}, {machine['cores']} cores; torch {machine['versions']['torch']}, "
        f"onnxruntime {machine['versions']['onnxruntime']}; commit {machine['commit']}."
    )
    return "\n".join([f"## {title}", "", *lines(found), "", made, ""])


def _prediction(found: dict[str, Any]) -> list[str]:
    lines = [
        f"Photographs classified per second: {found['what']}; median of {found['repeats']} interleaved repeats "
        "(range). The loops are torchvision's: one photograph at a time (open, Resize, ToTensor, network), and "
        "ImageFolder with a DataLoader of two workers and batches of 64; torch has the number of threads that each is "
        "faster with. The weights are random: they do not change the speed.",
        "",
        "| network | what | photographs per second | times as fast as one by one | as the DataLoader |",
        "|---|---|---|---|---|",
    ]
    for network, measured in found["networks"].items():
        for what, rates in measured["images_per_second"].items():
            ratios = measured["times_as_fast"].get(what, {})
            cells = [_spread(ratios.get(peer)) for peer in ("one by one", "DataLoader")]
            lines.append(f"| {network} | {what} | {_median(rates)} | {' | '.join(cells)} |")
    return lines


def _int8(found: dict[str, Any]) -> list[str]:
    lines = [
        "`synthda export --int8`: runs on MNIST → MNIST-M (binarised blends), scored on its test images and calibrated "
        "on 256 unlabelled images of the run; same class: on 256 others. Speed is that on 2,000 of the test images, "
        f"of `resnet18` on photographs, without decoding; median of {found['repeats']} interleaved repeats (range).",
        "",
        "| run | accuracy, float | accuracy, 8 bits | points | same class | bytes | times as fast as float |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in found["rows"]:
        scored = row.get("accuracy")
        cells = ["", "", "", ""]
        if scored:
            difference = 100 * (scored["int8"] - scored["float"])
            cells = [
                f"{scored['float']:.4f}",
                f"{scored['int8']:.4f}",
                f"{difference:+.2f}",
                f"{row['same_class']:.1%}",
            ]
        share = row["bytes"]["int8"] / row["bytes"]["float"]
        lines.append(f"| {row['name']} | {' | '.join(cells)} | {share:.0%} | {_spread(row['times_as_fast'])} |")
    return lines


def _start_up(found: dict[str, Any]) -> list[str]:
    lines = [
        f"Seconds from the start of the process to its end, median of {found['repeats']} (range); `predict` on "
        "one JPEG of 1600×1200 with `conv-small`.",
        "",
        "| command | wall | processor |",
        "|---|---|---|",
    ]
    for command, seconds in found["seconds"].items():
        lines.append(f"| `{command}` | {_spread(seconds['wall'], 's')} | {_spread(seconds['processor'], 's')} |")
    return lines


def _median(rates: list[float]) -> str:
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f}…{max(rates):,.0f})"


def _spread(found: dict[str, Any] | None, unit: str = "×") -> str:
    if found is None:
        return ""
    low, high = found["range"]
    space = "" if unit == "×" else " "
    return f"{found['median']:.2f}{space}{unit} ({low:.2f}…{high:.2f})"
