"""Compares photographs that adapt with renderings, without a label: a few quantiles of each.

python -m bench.photo_statistics numbers --data DATA [--set NAME=VALUE ...]

Prints a table and, with the protocol's settings, writes bench/results/photo-statistics-numbers.json (or -signs).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.adapt_photographs import Sides, arguments_of
from bench.machine import machine
from bench.paths import RESULTS
from bench.restrictions import restriction
from synthda.adapt.distance import proxy_a_distance
from synthda.manifest import write_json
from synthda.settings import parse_assignments

QUANTILES = (5, 25, 50, 75, 95)
RENDERED = 4096
BORDER = 2


def statistics(images: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """(N,) of each: levels of 255, but for saturation, which is 0…1."""
    grey = np.stack([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]).astype(np.float32)
    pixels = images.astype(np.float64)
    brightest, darkest = pixels.max(axis=3), pixels.min(axis=3)
    rim = np.ones(grey.shape[1:], bool)
    rim[BORDER:-BORDER, BORDER:-BORDER] = False
    return {
        "brightness": grey.mean(axis=(1, 2)).astype(np.float64),
        "contrast": grey.std(axis=(1, 2)).astype(np.float64),
        "sharpness": np.array([cv2.Laplacian(each, cv2.CV_32F).std() for each in grey], np.float64),
        "saturation": ((brightest - darkest) / np.maximum(brightest, 1)).mean(axis=(1, 2)),
        "contrast at the rim": grey[:, rim].std(axis=1).astype(np.float64),
    }


def compared(photographs: NDArray[np.uint8], renderings: NDArray[np.uint8]) -> dict[str, Any]:
    """The quantiles of both, by statistic."""
    both = {"photographs": statistics(photographs), "renderings": statistics(renderings)}
    return {
        name: {
            which: [round(float(q), 3) for q in np.percentile(found[name], QUANTILES)] for which, found in both.items()
        }
        for name in both["photographs"]
    }


def distance(photographs: NDArray[np.uint8], renderings: NDArray[np.uint8]) -> float:
    """Proxy A-distance by the statistics above and by thumbnails of 8×8 colours: 0 alike, 2 always told apart."""
    return round(proxy_a_distance(_looks(renderings), _looks(photographs)), 3)


def _looks(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    small = [cv2.resize(image, (8, 8), interpolation=cv2.INTER_AREA).ravel() for image in images]
    return np.column_stack([np.array(small, np.float64), *statistics(images).values()])


def main() -> None:
    parser = arguments_of(__doc__)
    parser.add_argument("--set", dest="assignments", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    sides = Sides(arguments.which, arguments.data)
    photographs = sides.photographs()
    renderings = sides.renderings(RENDERED, parse_assignments(arguments.assignments))
    found = compared(photographs, renderings)
    papers = sides.renderings(RENDERED, restriction(sides.rendered["renderer"], "paper"))
    distances = {"all factors": distance(photographs, renderings), "paper's factors": distance(photographs, papers)}
    print(f"{'quantiles':22}", *(f"{quantile:>8}%" for quantile in QUANTILES))
    for name, rows in found.items():
        for which, values in rows.items():
            print(f"{name if which == 'photographs' else '':10.10}{which:12}", *(f"{value:9.2f}" for value in values))
    print("proxy A-distance", distances)
    if not arguments.assignments:
        content = {"side": sides.size, "photographs": len(photographs), "renderings": RENDERED, "quantiles": QUANTILES}
        path = RESULTS / f"photo-statistics-{arguments.which}.json"
        write_json(path, content | {"statistics": found, "proxy_a_distance": distances, "machine": machine()})


if __name__ == "__main__":
    main()
