"""Seconds from the start of the process to its end: `synthda --help`, and `synthda predict` on one photograph.

python -m bench.start_up
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image

from bench.machine import machine
from bench.paths import RESULTS, ROOT
from bench.predict import export, photograph, write_photos
from synthda.manifest import write_json

REPEATS = 7
LARGEST = 4
"""Of `photograph`: 1600×1200."""


def once(arguments: list[str]) -> tuple[float, float]:
    """Wall seconds and processor seconds of `synthda …` in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as it is installed: compiled once
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "synthda", *arguments], env=environment, check=True, capture_output=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(commands: dict[str, list[str]]) -> dict[str, Any]:
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for repeat in range(REPEATS + 1):
        for name, arguments in commands.items():
            found = once(arguments)
            if repeat:  # the first compiles, and brings the files into memory
                took[name].append(found)
    return {name: {"wall": _summary(0, times), "processor": _summary(1, times)} for name, times in took.items()}


def _summary(place: int, times: list[tuple[float, float]]) -> dict[str, Any]:
    seconds = [time_[place] for time_ in times]
    return {"median": statistics.median(seconds), "range": [min(seconds), max(seconds)]}


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        model, photo = Path(scratch) / "model.onnx", Path(scratch) / "photo.jpg"
        write_photos(Path(scratch) / "photos", 10)
        export("conv-small, 32 px", Path(scratch) / "photos", model)
        Image.fromarray(photograph(LARGEST)).save(photo, quality=88)
        commands = {"synthda --help": ["--help"], "synthda predict": ["predict", str(model), str(photo), "--out", "-"]}
        found = measured(commands)
    for name, summary in found.items():
        print(name, summary)
    write_json(RESULTS / "start_up.json", {"repeats": REPEATS, "seconds": found, "machine": machine()})


if __name__ == "__main__":
    main()
