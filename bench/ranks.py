"""Training by one process and by two, one thread each, the same batches; and by two that know nothing of each other.

python -m bench.ranks
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import statistics
import tempfile
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.machine import machine
from bench.paths import RESULTS
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.ranks import LAUNCHED, Ranks, ranks_on
from synthda.adapt.run import Run
from synthda.adapt.train import train
from synthda.datasets.domain import ArrayImages, Domain
from synthda.manifest import write_json

REPEATS, N, CLASSES = 5, 4096, tuple("0123456789")
CASES = {64: 40, 256: 10}
"""Images a step of each domain, and steps."""
Cell = tuple[int, bool]
"""How many processes, and whether they train one network together."""
ALONE, TOGETHER, APART = (1, False), (2, True), (2, False)


def work(batch: int, steps: int, folder: Path, ranks: Ranks) -> tuple[float, float]:
    """Seconds of DANN's training on random images, by the clock and of the processor."""
    rng = np.random.default_rng(0)
    source, target = rng.integers(0, 256, (2, N, 28, 28, 3), dtype=np.uint8)
    domain = Domain(ArrayImages(source), rng.integers(0, 10, N), CLASSES)
    plan = Blueprint.of("dann", "ganin-mnist", CLASSES, steps=steps)
    plan = replace(plan, recipe=replace(plan.recipe, source_batch=batch, target_batch=batch))
    method, run = plan.build(), Run(folder)
    ranks.first(lambda: run.begin({}))
    began, used = time.perf_counter(), time.process_time()
    train(method, [domain], ArrayImages(target), plan.recipe, run, ranks=ranks)
    return time.perf_counter() - began, time.process_time() - used


def child(place: dict[str, str], batch: int, steps: int, folder: Path, begin: Any, pipe: Connection) -> None:
    os.environ |= place
    torch.set_num_threads(1)
    with ranks_on("cpu") as ranks:
        begin.wait()
        pipe.send(work(batch, steps, folder, ranks))


def seconds(cell: Cell, batch: int, folder: Path) -> tuple[float, float]:
    """Of the slower process, from the moment when all are ready; and of the processor, for all."""
    size, together = cell
    fork = multiprocessing.get_context("fork")
    begin, own = fork.Barrier(size), batch if together else batch // size
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pipes, children = [], []
    for rank in range(size):
        place = dict(zip(LAUNCHED, map(str, (rank, size, "127.0.0.1", port)), strict=True)) if together else {}
        ours, theirs = fork.Pipe(duplex=False)
        out = folder if together else folder / str(rank)
        children.append(fork.Process(target=child, args=(place, own, CASES[batch], out, begin, theirs)))
        children[-1].start()
        theirs.close()
        pipes.append(ours)
    taken = [pipe.recv() for pipe in pipes]
    for each in children:
        each.join()
    return max(wall for wall, _ in taken), sum(used for _, used in taken)


def measured(batch: int, scratch: Path) -> dict[str, Any]:
    images = 2 * batch * CASES[batch]
    rates: dict[Cell, list[float]] = {ALONE: [], TOGETHER: [], APART: []}
    work_of: dict[Cell, list[float]] = {cell: [] for cell in rates}
    for repeat in range(REPEATS + 1):  # the first warms up
        for cell, found in rates.items():
            wall, used = seconds(cell, batch, scratch / f"{batch}-{repeat}-{cell[0]}-{cell[1]}")
            found.append(images / wall)
            work_of[cell].append(used)
        print(batch, [round(found[-1]) for found in rates.values()], os.getloadavg()[0], flush=True)
    one, together, apart = (found[1:] for found in rates.values())
    effort = [two / alone for two, alone in zip(work_of[TOGETHER][1:], work_of[ALONE][1:], strict=True)]
    return {
        "batch": batch,
        "steps": CASES[batch],
        "one": spread(one),
        "two_together": spread(together),
        "two_apart": spread(apart),
        "gain": spread([two / alone for two, alone in zip(together, one, strict=True)]),
        "gain_apart": spread([two / alone for two, alone in zip(apart, one, strict=True)]),
        "effort": spread(effort),
        "share_of_apart": spread([two / free for two, free in zip(together, apart, strict=True)]),
    }


def spread(values: list[float]) -> dict[str, Any]:
    return {"median": statistics.median(values), "range": [min(values), max(values)]}


def main() -> None:
    torch.set_num_threads(1)
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        cases = [measured(batch, Path(scratch)) for batch in CASES]
    figures = {
        "what": "DANN, ganin-mnist, one thread a process, over gloo, interleaved",
        "repeats": REPEATS,
        "load_before": round(before, 1),
        "cases": cases,
        "machine": machine(),
    }
    write_json(RESULTS / "ranks.json", figures)


if __name__ == "__main__":
    main()
