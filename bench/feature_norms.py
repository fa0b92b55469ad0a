"""Why AFN fails on MNIST → MNIST-M: how long features are, and how sure predictions, with and without it.

python -m bench.feature_norms --data DATA --runs RUNS
"""

from __future__ import annotations

import numpy as np

from bench.cells import Cell, Protocol, arguments_of
from bench.machine import machine
from bench.paths import RESULTS
from synthda.adapt.infer import features_and_probabilities
from synthda.adapt.trained import load_run
from synthda.datasets.domain import ArrayImages
from synthda.manifest import write_json

TABLE, SEED, IMAGES = "methods-mnist-m", 0, 2000
METHODS = ("source-only", "dann", "afn")


def main() -> None:
    arguments = arguments_of(__doc__).parse_args()
    protocol = Protocol(arguments.data, arguments.runs)
    pair = protocol.table(TABLE)["pairs"][0]
    cells = {method: Cell(TABLE, pair, method, SEED) for method in METHODS}
    data = protocol.data_of(cells["source-only"])
    domains = {"source": data.sources[0].rows(np.arange(IMAGES)).images, "target": data.target}
    rows = np.arange(IMAGES, dtype=np.int64)
    found: dict[str, dict[str, float]] = {}
    for method, cell in cells.items():
        _, trained = load_run(protocol.run_of(cell))
        found[method] = {}
        for name, images in domains.items():
            features, chances = features_and_probabilities(trained, ArrayImages(images.read(rows)))
            found[method][f"{name}_norm"] = float(np.linalg.norm(features, axis=1).mean())
            found[method][f"{name}_confidence"] = float(chances.max(axis=1).mean())
    write_json(
        RESULTS / "feature-norms.json",
        {"pair": pair, "seed": SEED, "images": IMAGES, "methods": found, "machine": machine()},
    )
    print(found)


if __name__ == "__main__":
    main()
