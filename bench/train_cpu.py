"""The loop's lean floor: images/s of `train`, a bare PyTorch loop and peers on the same network and data, in turn.

python -m bench.train_cpu

Peers that are not installed (`pip install .[bench]`) are named in the result.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.dann import BATCH, Arrays, bare, blueprint, build, ours
from bench.machine import machine
from bench.paths import RESULTS
from bench.peers import dann_pytorch_adapt, dann_skada
from synthda.manifest import write_json

STEPS, REPEATS = 200, 7
PEERS: dict[str, Callable[..., float]] = {
    "pytorch-adapt": dann_pytorch_adapt.seconds,
    "skada": dann_skada.seconds,
}


def measure(steps: int = STEPS, repeats: int = REPEATS) -> dict[str, Any]:
    """Images per second of each, and the ratios within each repeat; the first repeat warms up and is left out."""
    data = Arrays.random(BATCH * steps)
    images = 2 * BATCH * steps
    rates: dict[str, list[float]] = {name: [] for name in ("bare", "synthda", *PEERS)}
    missing: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for repeat in range(repeats + 1):
            rates["bare"].append(images / bare(build(), data, steps))
            rates["synthda"].append(images / ours(blueprint(steps), data, Path(scratch) / str(repeat)))
            for name in [each for each in PEERS if each not in missing]:
                try:
                    rates[name].append(images / PEERS[name](build(), data, steps))
                except (ImportError, RuntimeError, TypeError, AttributeError, ValueError) as error:
                    missing[name] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            print({name: round(found[-1]) for name, found in rates.items() if found}, missing or "", flush=True)
    timed = {name: found[1:] for name, found in rates.items() if name not in missing}
    ratios = {
        name: [one / floor for one, floor in zip(found, timed["bare"], strict=True)] for name, found in timed.items()
    }
    return {
        "what": f"DANN, ganin-mnist, {BATCH} + {BATCH} images, {steps} steps, interleaved",
        "repeats": repeats,
        "bare_images_per_second": [round(rate) for rate in timed["bare"]],
        "synthda_images_per_second": [round(rate) for rate in timed["synthda"]],
        "ratio_to_floor": statistics.median(ratios["synthda"]),
        "ratio_range": [min(ratios["synthda"]), max(ratios["synthda"])],
        "peers": {
            name: {
                "images_per_second": [round(rate) for rate in timed[name]],
                "ratio_to_floor": statistics.median(ratios[name]),
                "ratio_range": [min(ratios[name]), max(ratios[name])],
            }
            for name in PEERS
            if name in timed
        },
        "not_measured": missing,
        "machine": machine("pytorch-adapt", "skada"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--out", type=Path, default=RESULTS / "train_cpu.json")
    asked = parser.parse_args()
    figures = measure(asked.steps, asked.repeats)
    write_json(asked.out, figures)
    print(figures["ratio_to_floor"])


if __name__ == "__main__":
    main()
