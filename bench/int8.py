"""Exported models in 8 bits against floats: accuracy of trained runs, and images per second, in turn, in one run.

python -m bench.int8 --eval LABELLED --runs RUN [RUN …]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.machine import machine
from bench.paths import RESULTS
from bench.predict import NETWORKS, PHOTOS, export, ratio, write_photos
from synthda.adapt.adaptation import export_run
from synthda.adapt.int8 import export_int8, quantise
from synthda.adapt.predict import Classifier
from synthda.adapt.run import Run
from synthda.adapt.trained import load_run
from synthda.datasets.domain import ArrayImages, Images
from synthda.datasets.folders import open_folder
from synthda.datasets.specs import open_domain
from synthda.manifest import write_json

REPEATS, IMAGES = 7, 2000


def speed(scratch: Path, images: Images) -> dict[str, Any]:
    """Images/s of both models, and how many times as fast the one in 8 bits is."""
    models = {name: Classifier(scratch / f"{name}.onnx") for name in ("float", "int8")}
    took: dict[str, list[float]] = {name: [] for name in models}
    for repeat in range(REPEATS + 1):
        for name, model in models.items():
            began = time.perf_counter()
            model.of_domain(images)
            if repeat:  # the first pair warms up
                took[name].append(time.perf_counter() - began)
    return {
        "images_per_second": {name: [images.shape[0] / one for one in times] for name, times in took.items()},
        "times_as_fast": ratio(took["float"], took["int8"]),
    }


def of_run(folder: Path, spec: str) -> dict[str, Any]:
    run = Run(folder)
    blueprint, _ = load_run(run)
    labelled = open_domain(spec, size=blueprint.input_size, fit=blueprint.fit, labelled=True)
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / "float.onnx"
        export_run(run, model)
        images = run.sample_images(blueprint.input_size)
        parity = export_int8(model, images, Path(scratch) / "int8.onnx", labelled=labelled)
        found = speed(Path(scratch), ArrayImages(labelled.images.read(np.arange(min(IMAGES, len(labelled))))))
    name = f"{blueprint.method}, {blueprint.network}"
    settings = ", ".join(f"{key} {value}" for key, value in blueprint.network_settings.items())
    return {"name": f"{name} ({settings})" if settings else name} | parity | found


def untrained(name: str) -> dict[str, Any]:
    """Bytes and speed alone: without training there is no accuracy to lose."""
    with tempfile.TemporaryDirectory() as scratch:
        photos = Path(scratch) / "photos" / "all"
        write_photos(photos, PHOTOS)
        export(name, photos, Path(scratch) / "float.onnx")
        side = NETWORKS[name][2]
        images = open_folder(photos, size=(side, side)).images
        files = {model: Path(scratch) / f"{model}.onnx" for model in ("float", "int8")}
        quantise(files["float"], files["int8"], images.read(np.arange(0, PHOTOS, 2)))
        sizes = {model: path.stat().st_size for model, path in files.items()}
        return {"name": f"untrained, {name}", "bytes": sizes} | speed(Path(scratch), images)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--eval", required=True, dest="labelled", help="labelled images of the runs' target")
    parser.add_argument("--runs", required=True, nargs="+", type=Path, help="folders of finished runs")
    arguments = parser.parse_args()
    rows = []
    for folder in arguments.runs:
        rows.append(of_run(folder, arguments.labelled))
        print(rows[-1], flush=True)
    rows.append(untrained("resnet18, 224 px"))
    print(rows[-1], flush=True)
    write_json(RESULTS / "int8.json", {"repeats": REPEATS, "rows": rows, "machine": machine()})


if __name__ == "__main__":
    main()
