"""SIGKILL at random moments, then the same call again: the bytes of shards, the bits of weights.

python -m bench.kills --trials 50
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.machine import machine
from bench.paths import RESULTS
from synthda.adapt.adaptation import adapt
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.data import Data
from synthda.adapt.run import Run
from synthda.adapt.train import Pace
from synthda.adapt.trained import load_run
from synthda.datasets.domain import ArrayImages, Domain
from synthda.manifest import sha256_of, write_json
from synthda.synth.generate import generate
from synthda.synth.renderer import render_rows
from synthda.synth.syn_numbers import SynNumbers

RENDERER = SynNumbers(size=48, fonts="matplotlib")
COUNT = 6_000
STEPS = 150


def render(out: Path) -> None:
    generate(RENDERER, out, name="syn-numbers", count=COUNT, seed=0)


def rendered(out: Path) -> list[str]:
    return [sha256_of(path) for path in sorted(out.glob("shard-*.h5"))]


def train(out: Path) -> None:
    torch.set_num_threads(1)
    given = {"source_batch": "16", "target_batch": "16"}
    blueprint = Blueprint.of("dann", "conv-small", DATA.classes, given=given, steps=STEPS)
    adapt(blueprint, DATA, Run(out), export=False, pace=Pace(checkpoint_seconds=0.5))


def trained(out: Path) -> list[str]:
    state = load_run(Run(out))[1].state_dict()
    return [hashlib.sha256(tensor.numpy().tobytes()).hexdigest() for tensor in state.values()]


def _data() -> Data:
    """Renderings of two kinds stand for the two domains."""
    domains = []
    for seed, renderer in enumerate([SynNumbers(fonts="matplotlib"), SynNumbers(fonts="matplotlib", blur=4)]):
        scenes, images = render_rows(renderer, seed, 1024)
        domains.append(Domain(ArrayImages(images), scenes["label"], renderer.classes, name=f"numbers-{seed}"))
    return Data(sources=(domains[0],), target=domains[1].images)


DATA = _data()


def measure(work: Callable[[Path], None], result: Callable[[Path], list[str]], trials: int) -> Iterator[dict[str, Any]]:
    """Kill `work` once a trial at a random moment, run it again, compare its result with an undisturbed one.

    Gives the figures after each trial, so that a measurement that is cut off keeps what it has.
    """
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as scratch:
        began = time.monotonic()
        _child(work, Path(scratch) / "undisturbed").join()
        duration = time.monotonic() - began
        expected = result(Path(scratch) / "undisturbed")
        identical, killed, tried = 0, 0, 0
        while killed < trials:
            out = Path(scratch) / f"trial-{tried}"
            child = _child(work, out)
            moment = float(rng.uniform(0, duration))
            child.join(moment)
            was_running = child.is_alive()
            child.kill()
            child.join()
            tried += 1
            if not was_running:
                continue  # it had finished before its moment came: not a kill, not counted
            killed += 1
            _child(work, out).join()
            identical += result(out) == expected
            print(f"{work.__name__}: {identical} of {killed} identical", flush=True)
            yield {"kills": killed, "identical": identical, "seconds_undisturbed": round(duration, 2)}


def _child(work: Callable[[Path], None], out: Path) -> multiprocessing.process.BaseProcess:
    """A forked process: a kill costs no import. Nothing in this process has started a thread before."""
    child = multiprocessing.get_context("fork").Process(target=work, args=(out,))
    child.start()
    return child


WORKS = {"adapt": (train, trained), "generate": (render, rendered)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--only", choices=WORKS, help="measure one of the two and keep the other's figure")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    path = RESULTS / "kills.json"
    for name, (work, result) in WORKS.items():
        if arguments.only in (None, name):
            for figures in measure(work, result, arguments.trials):
                others = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
                write_json(path, others | {name: figures | {"machine": machine()}})


if __name__ == "__main__":
    main()
