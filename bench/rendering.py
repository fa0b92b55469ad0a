"""Rendering and writing, images per second of one core, against trdg in turn; the gain of a second worker; memory.

python -m bench.rendering --data DATA --trdg VENV/bin/python

Each measurement is a process of its own, which first renders a small domain to load fonts, signs or photographs.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.paths import RESULTS, ROOT
from synthda.manifest import write_json
from synthda.synth.build import build_renderer
from synthda.synth.generate import generate

REPEATS = 5
COUNTS = {"syn-numbers": 250_000, "syn-signs": 125_000, "mnist-m": 1_000_000}
"""Images of one measurement, 15 to 30 seconds on a core: what starts a worker is then a small part of it."""
PEER_SECONDS = "5"


def settings(name: str, data: Path) -> dict[str, str]:
    """What the renderer cannot do without; all else is at its default, as in the accuracy tables."""
    blended = {"digits": str(data), "backgrounds": str(data / "BSDS500" / "data" / "images")}
    return blended if name == "mnist-m" else {}


def measure(name: str, count: int, workers: int, data: Path) -> tuple[float, float]:
    """Images per second of `generate`, and MB of the largest process."""
    renderer = build_renderer(name, settings(name, data))
    with tempfile.TemporaryDirectory() as scratch:
        generate(renderer, Path(scratch) / "warm", name=name, count=512)
        began = time.perf_counter()
        generate(renderer, Path(scratch) / "out", name=name, count=count, seed=1, workers=workers)
        seconds = time.perf_counter() - began
    peaks = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return count / seconds, max(peaks) / 1024


def in_a_process(name: str, count: int, workers: int, data: Path) -> tuple[float, float]:
    arguments = ["--one", name, "--count", str(count), "--workers", str(workers), "--data", str(data)]
    printed = run([sys.executable, "-m", "bench.rendering", *arguments])
    rate, megabytes = printed.split()
    return float(rate), float(megabytes)


def side_by_side(name: str, count: int, data: Path) -> float:
    """Images per second of two processes that know nothing of each other: what two workers could reach here."""
    with ThreadPoolExecutor(2) as pool:
        halves = pool.map(lambda _: in_a_process(name, count // 2, 1, data)[0], range(2))
        return sum(halves)


def run(command: list[str]) -> str:
    """What a command prints; its libraries keep to one thread."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(command, cwd=ROOT, env=os.environ | threads, capture_output=True, text=True, check=True)
    return done.stdout


def spread(rates: list[float]) -> dict[str, Any]:
    return {"median": round(statistics.median(rates), 2), "range": [round(min(rates), 2), round(max(rates), 2)]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("SYNTHDA_DATA"), required=False)
    parser.add_argument("--trdg", default="", help="interpreter of a virtual environment that has trdg")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, default=1, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(*measure(arguments.one, arguments.count, arguments.workers, arguments.data))
        return
    found: dict[str, list[float]] = {"trdg": [], "against trdg": []}
    memory: dict[str, float] = {}
    for repeat in range(REPEATS):
        if arguments.trdg:
            peer = [arguments.trdg, str(ROOT / "bench" / "peers" / "trdg_numbers.py"), PEER_SECONDS]
            found["trdg"].append(float(run(peer).split()[-1]))
        for name, count in COUNTS.items():
            one, megabytes = in_a_process(name, count, 1, arguments.data)
            two, worker_megabytes = in_a_process(name, count, 2, arguments.data)
            found.setdefault(name, []).append(one)
            found.setdefault(f"{name}, gain of two workers", []).append(two / one)
            beside = side_by_side(name, count, arguments.data)
            found.setdefault(f"{name}, gain of two processes", []).append(beside / one)
            memory[name] = max(memory.get(name, 0), round(max(megabytes, worker_megabytes)))
        if arguments.trdg:
            found["against trdg"].append(found["syn-numbers"][-1] / found["trdg"][-1])
        print(repeat, {name: round(rates[-1], 2) for name, rates in found.items() if rates}, flush=True)
    rates = {name: spread(values) for name, values in found.items() if values}
    from bench.machine import machine  # imports torch, whose 500 MB are not the renderers'

    content = {"repeats": REPEATS, "counts": COUNTS, "rates": rates, "peak_mb": memory, "machine": machine()}
    write_json(RESULTS / "rendering.json", content)


if __name__ == "__main__":
    main()
