"""Loading shuffled images to float batches of 256, images per second, in turn: synthda, a NumPy gather, and peers.

python -m bench.loading [--side 32] [--scratch SCRATCH]

The work is the same for all: other images in each batch, in [0, 1] as float32, on one thread beside the loader's own
workers. Peers run with as many workers as serve them best. Every file is in the page cache.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.machine import machine
from bench.noise import noise_domain
from bench.paths import RESULTS
from bench.peers.loaders import PEERS, installed
from synthda.adapt.resident import Resident, empty_batch, fill_batch
from synthda.adapt.streamed import Streamed
from synthda.datasets.domain import ArrayImages, Domain, in_memory
from synthda.datasets.shards import open_shards
from synthda.manifest import write_json

BATCH, REPEATS, SECONDS, SETTLE = 256, 5, 1.0, 0.3
IMAGES = {32: 60_000, 224: 3_000}
WORKERS = (0, 2)
FLOOR, RAM, STREAM = "NumPy gather", "synthda, resident", "synthda, streamed"
PACKAGES = ("torchvision", "webdataset", "litdata", "mosaicml-streaming")


def floor(images: NDArray[np.uint8]) -> Iterator[Tensor]:
    """Rows of an array, taken out and converted."""
    rng = np.random.default_rng(0)
    while True:
        rows = rng.permutation(len(images))
        for first in range(0, len(images) - BATCH + 1, BATCH):
            floats = images[rows[first : first + BATCH]].astype(np.float32)
            floats /= 255
            yield torch.from_numpy(floats)


def drawn(loaded: Resident | Streamed) -> Iterator[Tensor]:
    step = 0
    while True:
        yield loaded.draw(step)[0]
        step += 1


def ours(stored: Domain) -> dict[str, Iterator[Tensor]]:
    """The floor, and synthda's two ways to load, from the same shards."""
    images = in_memory(stored.images)
    known: dict[str, Any] = {"seed": 0, "stream": 0, "device": torch.device("cpu")}
    assert not isinstance(stored.images, ArrayImages)
    return {
        FLOOR: floor(images),
        RAM: drawn(Resident(ArrayImages(images), stored.labels, BATCH, **known)),
        STREAM: drawn(Streamed(stored.images, stored.labels, BATCH, **known)),  # type: ignore[arg-type]
    }


def peers(stored: Domain, side: int, scratch: Path) -> dict[str, Iterator[Tensor]]:
    """By name and number of workers, batches of each library that is installed."""
    images = in_memory(stored.images)
    found: dict[str, Iterator[Tensor]] = {}
    for name in installed():
        _, write, read = PEERS[name]
        folder = scratch / f"{side}-{name.split()[-1]}"
        if not folder.exists():
            write(folder, images, stored.labels)
        for workers in WORKERS:
            found[f"{name}, {workers} workers"] = map(floats_of, read(folder, side, BATCH, workers))
    return found


def floats_of(images: Tensor) -> Tensor:
    """A peer's bytes, made into floats as synthda's are."""
    floats = empty_batch(tuple(images.shape))
    fill_batch(floats, images)
    return floats


def turn(batches: Iterator[Tensor]) -> tuple[float, float]:
    """Images per second over the next second or two, and images per second of processor time, workers' included.

    Whatever is read ahead is full before and after, so that each image is paid for once.
    """
    next(batches), next(batches)
    time.sleep(SETTLE)
    began, spent, count = time.perf_counter(), processor_time(), 0
    while time.perf_counter() - began < SECONDS:
        count += len(next(batches))
    seconds = time.perf_counter() - began
    time.sleep(SETTLE)
    return count / seconds, count / (processor_time() - spent)


def processor_time() -> float:
    """Seconds that this process and its children have computed."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = time.process_time() + ended.ru_utime + ended.ru_stime
    for child in multiprocessing.active_children():
        fields = Path(f"/proc/{child.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def spread(values: list[float], digits: int = 0) -> dict[str, Any]:
    return {"median": round(statistics.median(values), digits), "range": [round(f(values), digits) for f in (min, max)]}


def measure(side: int, scratch: Path, told: Callable[[str], None] = print) -> dict[str, Any]:
    """What each loader does in a second, and in a second of processor time, which a busy machine changes less."""
    noise_domain(scratch / f"{side}-shards", IMAGES[side], side)
    stored = open_shards(scratch / f"{side}-shards", verify=False)
    loaders = ours(stored) | peers(stored, side, scratch)
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in loaders}
    for repeat in range(REPEATS + 1):  # the first warms up
        for name, batches in loaders.items():
            turns[name] = [*turns[name][repeat == 1 :], turn(batches)]
        told(f"{side} px: " + ", ".join(f"{name} {found[-1][1]:,.0f}" for name, found in turns.items()))
    rates, processor = ({name: [pair[k] for pair in found] for name, found in turns.items()} for k in (0, 1))
    return {"images": IMAGES[side], "by_time": compared(rates), "by_processor_time": compared(processor)}


def compared(rates: dict[str, list[float]]) -> dict[str, Any]:
    """Each loader's rates, a peer's with its better number of workers, and the ratios, repeat by repeat."""
    kept = {name: rates[name] for name in (FLOOR, RAM, STREAM)}
    for name in installed():
        kept[name] = max((rates[f"{name}, {workers} workers"] for workers in WORKERS), key=statistics.median)
    best = max(installed(), key=lambda name: statistics.median(kept[name]))
    ratios = {f"{name} / NumPy": ratio(kept[name], kept[FLOOR]) for name in (RAM, STREAM)}
    ratios |= {f"{name} / best peer": ratio(kept[name], kept[best]) for name in (RAM, STREAM)}
    return {
        "rates": {name: spread(values) for name, values in kept.items()},
        "best_peer": best,
        "ratios": {name: spread(values, 2) for name, values in ratios.items()},
    }


def ratio(ones: list[float], others: list[float]) -> list[float]:
    return [one / other for one, other in zip(ones, others, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, choices=list(IMAGES), action="append", help="one size alone")
    parser.add_argument("--scratch", type=Path, help="where the copies of the images are kept")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as made:
        scratch = arguments.scratch or Path(made)
        scratch.mkdir(parents=True, exist_ok=True)
        sizes = {str(side): measure(side, scratch) for side in arguments.side or IMAGES}
    load = round(os.getloadavg()[1], 1)
    content = {
        "load": load,
        "batch": BATCH,
        "repeats": REPEATS,
        "seconds": SECONDS,
        "sizes": sizes,
        "machine": machine(),
    }
    versions = {name: metadata.version(name) for name in PACKAGES if _known(name)}
    write_json(RESULTS / "loading.json", content | {"peers": versions})


def _known(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


if __name__ == "__main__":
    main()
