"""What an image costs, in a domain of 10,000, 100,000 and 1,000,000: rendering, opening, loading, training, memory.

python -m bench.growth [--scratch SCRATCH] [--only rendering]

Each measurement is a process of its own, the sizes in turn. Loading and training stream from shards; training is DANN
with a small network, so that loading is not hidden behind arithmetic.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.noise import CLASSES, noise_domain
from bench.paths import RESULTS, ROOT
from synthda.manifest import write_json

REPEATS = 3
SIZES = (10_000, 100_000, 1_000_000)
TIMES = {"rendering": (3, 3, 1), "adapting": (1, 1, 1)}
"""How often each size is measured where not `REPEATS` times."""
SIDE, BATCH, STEPS, SETTINGS = 32, 64, 150, {"width": "8"}


def rendering(count: int, scratch: Path) -> float:
    """Seconds of rendering and writing so many SynNumbers on one core."""
    from synthda.synth.build import build_renderer
    from synthda.synth.generate import generate

    renderer = build_renderer("syn-numbers", {})
    with tempfile.TemporaryDirectory(dir=scratch) as out:
        generate(renderer, Path(out) / "warm", name="syn-numbers", count=512)
        began = time.perf_counter()
        generate(renderer, Path(out) / "out", name="syn-numbers", count=count, seed=1, workers=1)
        return time.perf_counter() - began


def opening(count: int, scratch: Path) -> float:
    """Seconds of comparing every checksum and hashing every pixel, as `synthda adapt` does before it trains."""
    from synthda.adapt.data import Data
    from synthda.datasets.shards import open_shards

    began = time.perf_counter()
    domain = open_shards(scratch / f"noise-{count}")
    Data(sources=(domain,), target=domain.images).identity("source-only")
    return time.perf_counter() - began


def loading(count: int, scratch: Path) -> float:
    """Seconds of drawing every image once, streamed, in shuffled float batches of 256."""
    import torch

    from synthda.adapt.streamed import Streamed
    from synthda.datasets.shards import open_shards

    domain = open_shards(scratch / f"noise-{count}", verify=False)
    streamed = Streamed(domain.images, domain.labels, 256, seed=0, stream=0, device=torch.device("cpu"))  # type: ignore[arg-type]
    began = time.perf_counter()
    for step in range(count // 256):
        streamed.draw(step)
    return time.perf_counter() - began


def training(count: int, scratch: Path) -> float:
    """Seconds of a step's image: time of the steps alone, over the images that they drew, times `count`."""
    from synthda.adapt.blueprint import Blueprint
    from synthda.adapt.metrics_log import read_metrics
    from synthda.adapt.run import Run
    from synthda.adapt.train import Pace, train
    from synthda.datasets.shards import open_shards

    domain = open_shards(scratch / f"noise-{count}", verify=False)
    options: dict[str, Any] = {"given": SETTINGS, "input_size": (SIDE, SIDE), "seed": 0, "steps": STEPS}
    plan = Blueprint.of("dann", "conv-small", CLASSES, **options)
    with tempfile.TemporaryDirectory(dir=scratch) as out:
        run = Run(Path(out))
        run.begin({})
        train(plan.build(), [domain], domain.images, plan.recipe, run, pace=Pace(log_every=STEPS // 3, images="stream"))
        return count / float(read_metrics(run)[-1]["images_per_second"])


def adapting(count: int, scratch: Path) -> float:
    """Seconds of `synthda adapt` with so many images in the source and in the target, from opening to scoring."""
    from synthda.adapt.adaptation import adapt
    from synthda.adapt.blueprint import Blueprint
    from synthda.adapt.data import open_data
    from synthda.adapt.run import Run
    from synthda.adapt.train import Pace

    began, folder = time.perf_counter(), str(scratch / f"noise-{count}")
    data = open_data([folder], folder, size=(SIDE, SIDE))
    options: dict[str, Any] = {"given": SETTINGS, "input_size": (SIDE, SIDE), "seed": 0, "steps": STEPS}
    plan = Blueprint.of("dann", "conv-small", data.classes, **options)
    with tempfile.TemporaryDirectory(dir=scratch) as out:
        adapt(plan, data, Run(Path(out)), export=False, pace=Pace(images="stream"))
    return time.perf_counter() - began


WORK: dict[str, Callable[[int, Path], float]] = {
    "rendering": rendering,
    "opening": opening,
    "loading": loading,
    "training": training,
    "adapting": adapting,
}


def in_a_process(what: str, count: int, scratch: Path) -> tuple[float, float]:
    """Microseconds an image, and MB that the process held at most."""
    command = [sys.executable, "-m", "bench.growth", "--one", what, "--count", str(count), "--scratch", str(scratch)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(command, cwd=ROOT, env=os.environ | threads, capture_output=True, text=True, check=True)
    seconds, megabytes = json.loads(done.stdout.splitlines()[-1])
    return 1e6 * seconds / count, megabytes


def one(what: str, count: int, scratch: Path) -> None:
    import resource

    seconds = WORK[what](count, scratch)
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def spread(values: list[float]) -> dict[str, Any]:
    return {"median": round(statistics.median(values), 1), "range": [round(f(values), 1) for f in (min, max)]}


def measure(scratch: Path, chosen: Sequence[str]) -> dict[str, Any]:
    """By what is done and how many images, microseconds an image and peak memory, over all repeats."""
    if set(chosen) - {"rendering"}:
        for count in SIZES:
            noise_domain(scratch / f"noise-{count}", count, SIDE)
    costs: dict[str, dict[int, list[float]]] = {what: {count: [] for count in SIZES} for what in chosen}
    memory: dict[str, dict[int, float]] = {what: {} for what in chosen}
    for repeat in range(REPEATS):
        for what in chosen:
            for count in (size for size, times in zip(SIZES, _times(what), strict=True) if repeat < times):
                cost, megabytes = in_a_process(what, count, scratch)
                costs[what][count].append(cost)
                memory[what][count] = max(memory[what].get(count, 0), round(megabytes))
                print(repeat, what, f"{count:,}", round(cost, 2), round(megabytes), flush=True)
    return {
        what: {
            str(count): {"microseconds": spread(values), "repeats": len(values), "peak_mb": memory[what][count]}
            for count, values in found.items()
            if values
        }
        for what, found in costs.items()
    }


def _times(what: str) -> tuple[int, ...]:
    return TIMES.get(what, (REPEATS,) * len(SIZES))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scratch", type=Path, help="where the domains are kept, 3.5 GB")
    parser.add_argument(
        "--only", choices=list(WORK), help="measure this again, and keep what the result file has of the rest"
    )
    parser.add_argument("--one", choices=list(WORK), help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments.one, arguments.count, arguments.scratch)
        return
    with tempfile.TemporaryDirectory() as made:
        found = measure(arguments.scratch or Path(made), [arguments.only] if arguments.only else list(WORK))
    from bench.machine import machine  # imports torch, whose memory is not rendering's

    if arguments.only:
        kept = json.loads((RESULTS / "growth.json").read_text(encoding="utf-8"))
        kept["work"] |= found
        write_json(RESULTS / "growth.json", kept | {"apart": kept.get("apart", {}) | {arguments.only: machine()}})
        return
    what = f"noise of {SIDE}×{SIDE} px (rendering: SynNumbers), one core; DANN, conv-small {SETTINGS}, batch {BATCH}"
    content = {"what": what, "repeats": REPEATS, "work": found}
    write_json(RESULTS / "growth.json", content | {"machine": machine()})


if __name__ == "__main__":
    main()
