"""The Markdown of `bench/results/loading.json` and `growth.json`, for docs/results.md."""

from __future__ import annotations

from typing import Any

from bench.markdown import NOT_MEASURED, made, section, spread

LIBRARIES = ("torch", "numpy")
STORED = {
    "NumPy gather": "array in memory",
    "synthda, resident": "bytes in memory",
    "synthda, streamed": "HDF5 shards",
    "torchvision ImageFolder": "PNG files",
    "WebDataset": "raw pixels in tar files",
    "LitData": "raw pixels in chunks",
    "MosaicML Streaming": "raw pixels in MDS shards",
}
WORK = {
    "rendering": "rendering and writing SynNumbers",
    "opening": "opening: checksums, hash of the content",
    "loading": "loading, streamed",
    "training": "training, streamed",
    "adapting": "`synthda adapt` as a whole: opening, channel means, 150 steps, predictions on the target",
}


def loading_tables() -> list[str]:
    """Loaders, and what an image costs in domains of several sizes."""
    return [
        section("Loading", "loading", _loading, LIBRARIES),
        section("Cost by size of the domain", "growth", _growth, LIBRARIES),
    ]


def _loading(found: dict[str, Any]) -> list[str]:
    """Images per second of each loader, by size of the images."""
    peers = ", ".join(f"{name} {version}" for name, version in found["peers"].items())
    lines = [
        f"Shuffled images to float batches of {found['batch']} in [0, 1]: median of {found['repeats']} turns of "
        f"{found['seconds']} s (range), one thread and the loader's own (peers: no or two workers, whichever is faster "
        "for each), files in the page cache. Processor time is that of all threads and workers; a machine that others "
        f"use changes it less (load here: {found['load']} on {found['machine']['cores']} cores). {peers}.",
    ]
    for side, measured in found["sizes"].items():
        by_time, by_processor = measured["by_time"], measured["by_processor_time"]
        lines += [
            "",
            f"{measured['images']:,} images of {side}×{side} px; the best peer by processor time is "
            f"{by_processor['best_peer']}:",
            "",
            "| loader | stored as | images a second | images a second of processor time | that against NumPy | that "
            "against the best peer |",
            "|---|---|---|---|---|---|",
        ]
        for name, rate in by_processor["rates"].items():
            against = [spread(by_processor["ratios"].get(f"{name} / {other}"), 2) for other in ("NumPy", "best peer")]
            cells = [name, STORED[name], spread(by_time["rates"][name], 0), spread(rate, 0), *against]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _growth(found: dict[str, Any]) -> list[str]:
    """What an image costs in domains of several sizes."""
    sizes = sorted({int(size) for measured in found["work"].values() for size in measured})
    lines = [
        f"Microseconds an image, median of up to {found['repeats']} interleaved runs (range), and the peak memory of "
        f"the process; {found['what']}. Training counts the images that the steps draw.",
        "",
        f"| what | {' | '.join(f'{size:,} images' for size in sizes)} |",
        "|---" * (len(sizes) + 1) + "|",
    ]
    for what, measured in found["work"].items():
        cells = [_cost(measured.get(str(size))) for size in sizes]
        lines.append(f"| {WORK[what]} | {' | '.join(cells)} |")
    peaks = [found["work"]["adapting"][str(size)]["peak_mb"] for size in (sizes[0], sizes[-1])]
    lines += [
        "",
        f"`synthda adapt` with {sizes[-1]:,} images in the source and as many in the target takes "
        f"{peaks[1] - peaks[0]:,} MB more than with {sizes[0]:,}.",
    ]
    for what, machine in found.get("apart", {}).items():
        lines += ["", f"The row of {WORK[what]} was measured apart. {made(machine, LIBRARIES)}"]
    return lines


def _cost(measured: dict[str, Any] | None) -> str:
    if measured is None:
        return NOT_MEASURED
    shown = spread(measured["microseconds"], 1) if measured["repeats"] > 1 else _once(measured["microseconds"])
    return f"{shown}, {measured['peak_mb']:,} MB"


def _once(found: dict[str, Any]) -> str:
    return f"{found['median']:,.1f} (once)"
