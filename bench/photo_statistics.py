"""Compares photographs of street digits that adapt with renderings, without a label: a few quantiles of each.

python -m bench.photo_statistics --data DATA [--set NAME=VALUE ...]

Prints a table and, with the default settings, writes bench/results/photo-statistics-numbers.json.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.paths import RESULTS
from synthda.datasets.domain import in_memory
from synthda.datasets.specs import open_domain
from synthda.manifest import write_json
from synthda.settings import configure, parse_assignments
from synthda.synth.renderer import render_rows
from synthda.synth.syn_numbers import SynNumbers

EVALUATE = Path(__file__).with_name("splits") / "street_digits_eval.txt"
RESULT = RESULTS / "photo-statistics-numbers.json"
QUANTILES = (5, 25, 50, 75, 95)
SIDE = 32
RENDERED = 4096
BORDER = 2


def street_photographs(data: Path, size: int) -> NDArray[np.uint8]:
    """(N, size, size, 3): the photographs that adapt; those that evaluate are not looked at."""
    domain = open_domain(str(data / "street_digits"), size=(size, size), labelled=False)
    held_out = set(EVALUATE.read_text(encoding="utf-8").split())
    assert domain.paths is not None
    assert held_out <= set(domain.paths), "the committed split does not fit the folder"
    return in_memory(domain.images)[[path not in held_out for path in domain.paths]]


def statistics(images: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """(N,) of each: levels of 255, but for saturation, which is 0…1."""
    grey = np.stack([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]).astype(np.float32)
    pixels = images.astype(np.float64)
    brightest, darkest = pixels.max(axis=3), pixels.min(axis=3)
    rim = np.ones((SIDE, SIDE), bool)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("SYNTHDA_DATA"))
    parser.add_argument("--set", dest="assignments", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    settings = configure({"renderer": SynNumbers}, parse_assignments(arguments.assignments))["renderer"]
    photographs = street_photographs(arguments.data, SIDE)
    found = compared(photographs, render_rows(SynNumbers(**settings | {"size": SIDE}), 0, RENDERED)[1])
    print(f"{'quantiles':22}", *(f"{quantile:>8}%" for quantile in QUANTILES))
    for name, rows in found.items():
        for which, values in rows.items():
            print(f"{name if which == 'photographs' else '':10.10}{which:12}", *(f"{value:9.2f}" for value in values))
    if not arguments.assignments:
        counts = {"photographs": len(photographs), "renderings": RENDERED}
        write_json(RESULT, {"side": SIDE, "counts": counts, "quantiles": QUANTILES, "statistics": found})


if __name__ == "__main__":
    main()
