"""Accuracy on held-out renderings by each factor of the scenes: bench/results/factors-numbers.json and a picture.

python -m bench.factors numbers --data DATA --run RUNS/street-digits/source-only-…-seed0

The renderings are of a seed that nothing trained on. The picture, docs/images/factors-numbers.png, shows the factors
whose parts differ most; `synthda evaluate RUN --data DOMAIN --by FACTOR --plot PNG` draws any one of them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.adapt_photographs import Sides, arguments_of
from bench.machine import machine
from bench.paths import RESULTS, ROOT
from synthda.adapt.by_factor import ByFactor
from synthda.adapt.scoring import answers_on
from synthda.datasets.domain import factor_names
from synthda.manifest import write_json
from synthda.synth.build import build_renderer
from synthda.synth.generate import generate

COUNT, SEED = 20_000, 1000
ROWS, COLUMNS = 4, 4
FEWEST = 200
"""Images that a part must have to count when factors are compared."""


def spread(found: ByFactor) -> float:
    """How far the accuracies of the factor's parts lie apart."""
    accuracies = [part.accuracy for part in found.parts if part.n >= FEWEST]
    return max(accuracies) - min(accuracies) if accuracies else 0.0


def draw(factors: list[ByFactor], title: str, path: Path) -> None:
    figure = Figure(figsize=(3 * COLUMNS, 2.3 * ROWS), layout="constrained")
    axes: list[Axes] = list(figure.subplots(ROWS, COLUMNS, sharey=True).flat)
    for each, found in zip(axes, factors, strict=True):
        parts = [part for part in found.parts if part.mean is not None]
        means, accuracies = [part.mean or 0.0 for part in parts], [part.accuracy for part in parts]
        below = [part.accuracy - part.interval[0] for part in parts]
        above = [part.interval[1] - part.accuracy for part in parts]
        each.axhline(found.accuracy, color="#b3541e", linewidth=1, linestyle=(0, (5, 3)))
        each.errorbar(means, accuracies, [below, above], fmt="o-", color="#1f5fa8", markersize=3.5, linewidth=1)
        each.set_title(found.factor, fontsize=10, loc="left")
        each.grid(axis="y", color="#e6e6e6", linewidth=0.8)
        each.spines[["top", "right"]].set_visible(False)
        each.tick_params(labelsize=8)
    figure.suptitle(title, x=0.01, horizontalalignment="left", fontsize=11)
    figure.savefig(path, dpi=100, metadata={"Software": None})


def main() -> None:
    parser = arguments_of(__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of a finished run of the table")
    arguments = parser.parse_args()
    sides = Sides(arguments.which, arguments.data)
    name = sides.rendered["renderer"]
    renderer = build_renderer(name, {"size": str(sides.size)})
    with tempfile.TemporaryDirectory() as scratch:
        domain = Path(scratch) / "held-out"
        generate(renderer, domain, name=name, count=COUNT, seed=SEED)
        answers = answers_on(arguments.run, str(domain))
        assert answers.domain.scenes is not None
        factors = [answers.by(factor, str(domain)) for factor in factor_names(answers.domain.scenes)]
    factors.sort(key=spread, reverse=True)
    write_json(
        RESULTS / f"factors-{arguments.which}.json",
        {
            "table": sides.table,
            "run": arguments.run.name,
            "renderings": COUNT,
            "seed": SEED,
            "accuracy": factors[0].accuracy,
            "factors": {
                found.factor: [[part.name, part.n, round(part.accuracy, 4)] for part in found.parts]
                for found in factors
            },
            "machine": machine(),
        },
    )
    numbers = [found for found in factors if found.numeric][: ROWS * COLUMNS]
    title = f"{name}: accuracy on {COUNT:,} held-out renderings by factor ({arguments.run.name})"
    draw(numbers, title, ROOT / "docs" / "images" / f"factors-{arguments.which}.png")


if __name__ == "__main__":
    main()
