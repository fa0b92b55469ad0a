"""The training step on a GPU: images/s eager and replayed, in each precision, over floors, and against pytorch-adapt.

python -m bench.train_gpu [--data DATA] [--until EPOCH] [--device cpu --quick --out FILE]

Cells are measured in order of value and written one by one; those that the result file has are left out.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch._C._autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from bench.dann import BATCH, CLASSES, Arrays, bare, blueprint, build
from bench.floor import measured_ceiling, step_of
from bench.machine import machine
from bench.paths import RESULTS
from bench.peers import dann_pytorch_adapt
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.metrics_log import Entry
from synthda.adapt.precision import tf32
from synthda.adapt.run import Run
from synthda.adapt.train import Pace, train
from synthda.datasets.domain import ArrayImages, Domain
from synthda.errors import SettingError, SynthdaError
from synthda.manifest import write_json

WIDE = 512
"""Images of each domain in a step of ganin-svhn: 1,024 together."""
WARM_UP = 20
"""Steps of the bare loop that are not timed: the first on a GPU loads libraries and kernels."""


@dataclass(frozen=True)
class Size:
    """How much is measured: a GPU's, or, to see that it runs, next to nothing."""

    steps: int = 3000
    log_every: int = 500
    repeats: int = 5
    images: int = 20_000
    wide: int = WIDE
    matrix: int = 8192
    copied: int = 2**30


FAILURES = (
    *(SynthdaError, ImportError, RuntimeError, subprocess.SubprocessError),
    *(ValueError, TypeError, AttributeError),
)
"""Of one cell, after which the others are still measured: a peer that does not fit this torch, memory that is short."""
QUICK = Size(steps=3, log_every=1, repeats=1, images=128, wide=2, matrix=64, copied=2**16)


@dataclass(frozen=True)
class Bench:
    """Where and how much to measure."""

    device: str
    size: Size
    data: Path | None

    @property
    def precisions(self) -> tuple[str, ...]:
        return ("float32", "tf32", "bf16") if self.device.startswith("cuda") else ("float32", "bf16")

    @property
    def graphs(self) -> tuple[str, ...]:
        return ("auto", "off") if self.device.startswith("cuda") else ("off",)


def rate(bench: Bench, plan: Blueprint, data: Arrays, on_log: Callable[[Entry], None] | None = None) -> float:
    """Images per second of `train`, its log included, from its second line on: after compiling and capturing."""
    lines: list[Entry] = []

    def hear(entry: Entry) -> None:
        lines.append(entry)
        if on_log is not None:
            on_log(entry)

    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder) / "run")
        run.begin({})
        source = Domain(ArrayImages(data.source), data.labels, CLASSES)
        pace = Pace(log_every=bench.size.log_every, checkpoint_seconds=1e9, on_log=hear)
        train(plan.build(), [source], ArrayImages(data.target), plan.recipe, run, device=bench.device, pace=pace)
    images = (lines[-1]["step"] - lines[0]["step"]) * (plan.recipe.source_batch + plan.recipe.target_batch)
    return images / sum(line["seconds"] for line in lines[1:])


def kernel_seconds(bench: Bench, plan: Blueprint, data: Arrays) -> float | None:
    """Of a step: the summed time of its kernels, by torch's profiler, between two lines of the log.

    None on a CPU, and where the profiler is not let see any, as in some containers.
    """
    if not bench.device.startswith("cuda"):
        return None
    seen, steps = profile(activities=[ProfilerActivity.CUDA]), bench.size.log_every

    def act(entry: Entry) -> None:
        if entry["step"] == 2 * steps:
            seen.start()
        if entry["step"] == 3 * steps:
            seen.stop()

    rate(bench, plan, data, act)
    kernels = [event for event in seen.key_averages() if event.device_type == DeviceType.CUDA]
    return float(sum(event.self_device_time_total for event in kernels)) / 1e6 / steps or None


@contextmanager
def algorithms(*, deterministic: bool) -> Iterator[None]:
    """Within: cuDNN's, deterministic or any. `train` asks for the former, and nobody takes that back for a peer."""
    before = torch.backends.cudnn.deterministic
    torch.backends.cudnn.deterministic = deterministic
    try:
        yield
    finally:
        torch.backends.cudnn.deterministic = before


def mnist(bench: Bench) -> dict[str, Any]:
    """DANN, ganin-mnist, 64 + 64: the bare loop, eager and replayed steps in each precision, in turn."""
    data, steps = Arrays.random(bench.size.images), bench.size.steps
    rates: dict[str, list[float]] = {}
    bare(build(), data, min(steps, WARM_UP), bench.device)
    for _ in range(bench.size.repeats):
        with tf32(False), algorithms(deterministic=True):
            floor = 2 * BATCH * steps / bare(build(), data, steps, bench.device)
        rates.setdefault("bare loop, float32", []).append(floor)
        for precision in bench.precisions:
            for graph in bench.graphs:
                plan = blueprint(steps, precision=precision, graph=graph)
                name = f"{'eager' if graph == 'off' else 'graph'}, {precision}"
                rates.setdefault(name, []).append(rate(bench, plan, data))
    return {
        "what": f"DANN, ganin-mnist, {BATCH} + {BATCH} images, {steps} steps, interleaved",
        "images_per_second": {name: _spread(found) for name, found in rates.items()},
    }


def mnist_kernels(bench: Bench) -> dict[str, Any]:
    """Time of a step over the summed time of its kernels."""
    data, found = Arrays.random(bench.size.images), {}
    for graph in bench.graphs:
        plan = blueprint(4 * bench.size.log_every, graph=graph)
        step, kernels = 2 * BATCH / rate(bench, plan, data), kernel_seconds(bench, plan, data)
        over = None if kernels is None else step / kernels
        found["eager" if graph == "off" else "graph"] = {"step": step, "kernels": kernels, "step_over_kernels": over}
    return {"what": "DANN, ganin-mnist, float32, seconds of a step", "seconds": found}


def svhn(bench: Bench) -> dict[str, Any]:
    """DANN, ganin-svhn, 512 + 512: time of a step over the sum of its operations' floors."""
    batch, steps = bench.size.wide, 4 * bench.size.log_every
    data, found = Arrays.random(max(bench.size.images // 4, batch), side=32), {}
    for precision in bench.precisions:
        ceiling = measured_ceiling(precision, bench.device, side=bench.size.matrix, bytes_=bench.size.copied)  # type: ignore[arg-type]
        parts = step_of(build(network="ganin-svhn"), batch, batch, element=2 if precision == "bf16" else 4)
        batches = {"source_batch": batch, "target_batch": batch}
        for graph in bench.graphs:
            plan = blueprint(steps, "ganin-svhn", precision=precision, graph=graph, **batches)
            step, floor = 2 * batch / rate(bench, plan, data), ceiling.seconds(parts)
            found[f"{'eager' if graph == 'off' else 'graph'}, {precision}"] = {
                "step": step,
                "floor": floor,
                "step_over_floor": step / floor,
                "operations": sum(part.operations for part in parts),
                "bytes": sum(part.bytes for part in parts),
                "operations_per_second": ceiling.operations,
                "bytes_per_second": ceiling.bandwidth,
            }
    return {"what": f"DANN, ganin-svhn, {batch} + {batch} images, seconds of a step", "seconds": found}


def pytorch_adapt(bench: Bench) -> dict[str, Any]:
    """Ours over pytorch-adapt, float32: with its own loading, and on the same tensors on the device."""
    data, steps = Arrays.random(bench.size.images), bench.size.steps
    plan = blueprint(steps, graph=bench.graphs[0])
    rates: dict[str, list[float]] = {"synthda": [], "on resident tensors": [], "with its own loading": []}
    ways = {"on resident tensors": None, "with its own loading": min(os.cpu_count() or 1, 8)}
    for _ in range(bench.size.repeats):
        rates["synthda"].append(rate(bench, plan, data))
        for name, workers in ways.items():
            taken = steps if workers is None else max(steps // 10, 2)
            with tf32(False), algorithms(deterministic=False):
                seconds = dann_pytorch_adapt.seconds(build(), data, taken, bench.device, workers=workers)
            rates[name].append(2 * BATCH * taken / seconds)
    return {
        "what": f"DANN, ganin-mnist, {BATCH} + {BATCH} images, float32; nothing is decoded from files",
        "images_per_second": {name: _spread(found) for name, found in rates.items()},
        "ratio": {
            name: _spread([one / other for one, other in zip(rates["synthda"], rates[name], strict=True)])
            for name in ways
        },
    }


def time_to_accuracy(bench: Bench) -> dict[str, Any]:
    """In a process of its own, whose start counts."""
    if bench.data is None:
        raise SettingError("The time to an accuracy needs MNIST; give --data the folder of the data sets.")
    found = {}
    for precision in bench.precisions:
        command = [sys.executable, "-m", "bench.time_to_accuracy", "--data", str(bench.data)]
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "found.json"
            command += ["--device", bench.device, "--precision", precision, "--out", str(out)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            found[precision] = json.loads(out.read_text(encoding="utf-8"))
    return {"what": "DANN on MNIST → MNIST-M, binarised blends, until .7666", "found": found}


CELLS: dict[str, Callable[[Bench], dict[str, Any]]] = {
    "mnist": mnist,
    "mnist-kernels": mnist_kernels,
    "svhn": svhn,
    "time-to-accuracy": time_to_accuracy,
    "pytorch-adapt": pytorch_adapt,
}
"""In order of value."""


def measure(bench: Bench, out: Path, until: float) -> dict[str, Any]:
    """Measure the cells that `out` lacks, while there is time; what fails is told and left for the next call."""
    known: dict[str, Any] = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {"cells": {}}
    for name, cell in CELLS.items():
        if name in known["cells"] or time.time() > until:
            continue
        try:
            known["cells"][name] = cell(bench) | {"machine": machine("pytorch-adapt")}
        except FAILURES as error:
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
            continue
        write_json(out, known)
        print(name, json.dumps(known["cells"][name], indent=1), flush=True)
    return known


def _spread(values: list[float]) -> dict[str, Any]:
    return {"median": statistics.median(values), "range": [min(values), max(values)], "repeats": len(values)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--data", type=Path, default=os.environ.get("SYNTHDA_DATA"))
    parser.add_argument("--until", type=float, default=float("inf"), help="start no cell after this time, seconds")
    parser.add_argument("--quick", action="store_true", help="a few steps, to see that it runs: no figures")
    parser.add_argument("--out", type=Path, help="[default: the result file; with --quick, none]")
    asked = parser.parse_args()
    if asked.device.startswith("cuda") and not torch.cuda.is_available():
        sys.exit("There is no CUDA device; give --device cpu --quick --out FILE to see that it runs.")
    if asked.quick and asked.out is None:
        parser.error("--quick gives no figures; name a file for what it gives with --out")
    out = asked.out or RESULTS / "train_gpu.json"
    measure(Bench(asked.device, QUICK if asked.quick else Size(), asked.data), out, asked.until)


if __name__ == "__main__":
    main()
