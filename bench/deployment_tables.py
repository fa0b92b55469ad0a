"""Tables of how fast a model starts, predicts, computes in 8 bits and is reported on, from the result files."""

from __future__ import annotations

import statistics
from typing import Any

from bench.markdown import section, spread

LIBRARIES = ("torch", "onnxruntime")


def deployment_tables() -> list[str]:
    """Prediction, 8 bits, start-up and the report as Markdown."""
    return [
        section("Prediction", "predict", _prediction, LIBRARIES),
        section("Eight bits", "int8", _int8, LIBRARIES),
        section("Start-up", "start_up", _start_up, LIBRARIES),
        section("Report", "report", _report),
    ]


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
            cells = [spread(ratios.get(peer), 2, "×") for peer in ("one by one", "DataLoader")]
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
        lines.append(f"| {row['name']} | {' | '.join(cells)} | {share:.0%} | {spread(row['times_as_fast'], 2, '×')} |")
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
        wall, processor = (spread(seconds[which], 2, " s") for which in ("wall", "processor"))
        lines.append(f"| `{command}` | {wall} | {processor} |")
    return lines


def _median(rates: list[float]) -> str:
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f}…{max(rates):,.0f})"


def _report(found: dict[str, Any]) -> list[str]:
    seconds, gathered, again = (
        [one["seconds"] for one in found["repeats"]],
        [one["gathered"] for one in found["repeats"]],
        [one["page"]["median"] for one in found["repeats"]],
    )
    size = max(one["bytes"] for one in found["repeats"])
    return [
        f"The report of a run on {found['photographs']:,} photographs, {found['evaluated']} labelled ones beside them, "
        f"`{found['network']}` at {found['size']} px: {statistics.median(seconds):.1f} s ({min(seconds):.1f}…"
        f"{max(seconds):.1f}, {len(seconds)} repeats) from the scored network to the page, of which "
        f"{statistics.median(gathered):.1f} s are features, t-SNE and thumbnails, which are kept; the predictions are "
        f"those that `adapt` has made for the score. `synthda report` makes the page again in "
        f"{statistics.median(again):.1f} s. It has {size / 2**20:.1f} MiB."
    ]
