"""How long the report of a run on 5,000 photographs takes, and how many bytes it has.

python -m bench.report --data DATA --runs RUNS
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from bench.cells import Cell, Protocol, arguments_of
from bench.grocery import TABLE
from bench.machine import machine
from bench.paths import RESULTS
from synthda.adapt.adaptation import adapt
from synthda.adapt.data import Data, open_data
from synthda.adapt.report.gather import gather
from synthda.adapt.report.page import write_report
from synthda.adapt.run import Run
from synthda.datasets.folders import list_photos
from synthda.manifest import write_json

PHOTOS, STEPS, REPEATS = 5000, 20, 5


def photographs(data: Path, folder: Path) -> Path:
    """5,000 photographs: those of the stores that adapt, and their mirror images."""
    if len(list(folder.glob("*.jpg"))) == PHOTOS:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    paths = list_photos(data / "grocery" / "train")
    for place in range(PHOTOS):
        with Image.open(paths[place % len(paths)]) as image:
            shown = image if place < len(paths) else ImageOps.mirror(image)
            shown.save(folder / f"{place:04}.jpg", quality=90)
    return folder


def measured(run: Run, data: Data) -> dict[str, Any]:
    """Seconds of what is gathered of the domains (predictions, t-SNE), and of the page that is made of it."""
    began = time.perf_counter()
    gather(run, data)
    gathered = time.perf_counter() - began
    pages = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        write_report(run)
        pages.append(time.perf_counter() - began)
    return {
        "gathered": gathered,
        "page": {"median": statistics.median(pages), "range": [min(pages), max(pages)]},
        "seconds": gathered + pages[0],
        "bytes": run.report.stat().st_size,
    }


def main() -> None:
    arguments = arguments_of(__doc__).parse_args()
    protocol = Protocol(arguments.data, arguments.runs)
    scratch, told = arguments.runs / "report", protocol.table(TABLE)
    side, pair = told["size"], told["pairs"][0]
    protocol.open(TABLE, protocol.told["pairs"][pair]["source"])  # rendered where it is missing
    data = open_data(
        [str(arguments.data / "rendered" / "products")],
        str(photographs(arguments.data, scratch / "photographs")),
        size=(side, side),
        evaluation=str(arguments.data / "grocery" / "val"),
    )
    plan = protocol.blueprint_of(Cell(TABLE, pair, "dann", 0), data.classes)
    run, found = Run(scratch / "run"), []
    for repeat in range(REPEATS):
        adapt(replace(plan, recipe=replace(plan.recipe, steps=STEPS)), data, run, force=True)
        found.append(measured(run, data))
        print(repeat, found[-1], flush=True)
    figures = {
        "photographs": PHOTOS,
        "evaluated": 0 if data.evaluation is None else len(data.evaluation),
        "network": f"{plan.network} {plan.network_settings['model']}",
        "size": side,
        "repeats": found,
        "machine": machine(),
    }
    write_json(RESULTS / "report.json", figures)


if __name__ == "__main__":
    main()
