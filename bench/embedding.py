"""The features of source and target by t-SNE, before and after adaptation: docs/images/embedding-mnist-m.png.

python -m bench.embedding --data DATA --runs RUNS
"""

from __future__ import annotations

from dataclasses import replace

from bench.cells import Cell, Protocol, arguments_of
from bench.paths import ROOT
from synthda.adapt.comparison.embedding import Sample, draw, embed
from synthda.adapt.trained import load_run

TABLE = "methods-mnist-m"
METHODS = ("source-only", "dann", "dann+mcc+pseudo-label", "train-on-target")
PICTURE = ROOT / "docs" / "images" / "embedding-mnist-m.png"


def main() -> None:
    arguments = arguments_of(__doc__).parse_args()
    protocol = Protocol(arguments.data, arguments.runs)
    pair = protocol.table(TABLE)["pairs"][0]
    cells = [Cell(TABLE, pair, method, 0) for method in METHODS]
    evaluation = protocol.open(TABLE, protocol.told["pairs"][pair]["eval"])
    sample = Sample.of(replace(protocol.data_of(cells[0]), evaluation=evaluation))
    panels = [(cell.method, embed(load_run(protocol.run_of(cell))[1], sample)) for cell in cells]
    draw(panels, sample, PICTURE)


if __name__ == "__main__":
    main()
