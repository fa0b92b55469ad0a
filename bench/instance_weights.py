"""How IW-DANN weighs single source images over its training, as in the figure of Osumi et al.

python -m bench.instance_weights --data DATA --runs RUNS
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.cells import Cell, Protocol, arguments_of
from bench.machine import machine
from bench.paths import RESULTS, ROOT
from synthda.adapt.adaptation import adapt
from synthda.adapt.additive import Seen
from synthda.adapt.candidates import candidate, candidate_steps
from synthda.adapt.data import with_classes
from synthda.adapt.method import Batch
from synthda.adapt.methods.iw_dann import IWDANN
from synthda.adapt.run import Run
from synthda.adapt.selection import Selection
from synthda.datasets.domain import ArrayImages, Domain
from synthda.manifest import write_json, written_then_named

TABLE = "methods-mnist-m"
CANDIDATES = 20
WATCHED = 2000
SHOWN = 6
PICTURE = ROOT / "docs" / "images" / "instance-weights.png"


def main() -> None:
    arguments = arguments_of(__doc__).parse_args()
    protocol = Protocol(arguments.data, arguments.runs)
    cell = Cell(TABLE, protocol.table(TABLE)["pairs"][0], "iw-dann", 0)
    data = protocol.data_of(cell)
    blueprint = protocol.blueprint_of(cell, data.classes)
    run = Run(arguments.runs / "instance-weights")
    keeps = Selection(candidates=CANDIDATES, keeps=True)
    adapt(blueprint, data, run, export=False, first=protocol.first_of(cell, blueprint), select=keeps)

    rows = np.sort(np.random.default_rng(0).permutation(len(data.sources[0]))[:WATCHED])
    watched = with_classes(data.sources[0].rows(rows), blueprint.classes)
    steps = candidate_steps(blueprint.recipe.steps, CANDIDATES)
    methods = [candidate(blueprint, run, step) for step in steps]
    weights = np.stack([weights_of(method, watched, data.target.read(rows)) for method in methods])
    chosen = _chosen(weights)
    _draw(steps, weights, chosen, watched)
    quantiles = np.quantile(weights, [0.05, 0.25, 0.5, 0.75, 0.95], axis=1).T
    write_json(
        RESULTS / "instance-weights.json",
        {
            "table": TABLE,
            "pair": cell.pair,
            "seed": cell.seed,
            "images": WATCHED,
            "steps": steps,
            "quantiles": {"of": [0.05, 0.25, 0.5, 0.75, 0.95], "values": quantiles.round(4).tolist()},
            "shown": {
                str(int(rows[row])): {
                    "class": watched.classes[watched.labels[row]],
                    "weights": weights[:, row].round(4).tolist(),
                }
                for row in chosen
            },
            "machine": machine(),
        },
    )


@torch.no_grad()
def weights_of(method: object, source: Domain, target: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n,) the weight of each source image for a method as it was at a checkpoint."""
    assert isinstance(method, IWDANN)
    assert isinstance(source.images, ArrayImages)
    images, other = (
        torch.from_numpy(array).permute(0, 3, 1, 2).float() / 255 for array in (source.images.array, target)
    )
    labels, rows = torch.from_numpy(source.labels), torch.arange(len(source))
    batch = Batch((images,), labels, torch.zeros_like(rows), rows, (other,), rows)
    weights: NDArray[np.float32] = method.instance_weights(Seen(method.network, batch)).numpy()
    return weights


def _chosen(weights: NDArray[np.float32]) -> list[int]:
    """The images whose weight rose most and fell most, and some in between: not typical ones, but told as such."""
    order = np.argsort(weights[-1])
    return [int(order[place]) for place in np.linspace(0, len(order) - 1, SHOWN).round().astype(int)[::-1]]


def _draw(steps: tuple[int, ...], weights: NDArray[np.float32], chosen: list[int], watched: Domain) -> None:
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 4.4), layout="constrained")
    grid: Any = figure.add_gridspec(len(chosen), 2, width_ratios=(9, 1))
    axes = figure.add_subplot(grid[:, 0])
    for low, high, shade in ((0.05, 0.95, 0.15), (0.25, 0.75, 0.3)):
        axes.fill_between(steps, *np.quantile(weights, [low, high], axis=1), color="#888888", alpha=shade, linewidth=0)
    axes.axhline(1, color="#222222", linewidth=0.8, linestyle=(0, (5, 3)))
    colours = colormaps["viridis"](np.linspace(0.05, 0.9, len(chosen)))
    for place, (row, colour) in enumerate(zip(chosen, colours, strict=True)):
        axes.plot(steps, weights[:, row], color=colour, linewidth=1.8)
        thumbnail = figure.add_subplot(grid[place, 1])
        thumbnail.imshow(watched.images.read(np.array([row]))[0])
        thumbnail.set_xticks([])
        thumbnail.set_yticks([])
        for spine in thumbnail.spines.values():
            spine.set_color(colour)
            spine.set_linewidth(2.5)
    axes.set_xlabel("step")
    axes.set_ylabel("weight of a source image in the domain loss")
    axes.spines[["top", "right"]].set_visible(False)
    with written_then_named(PICTURE) as partial:
        figure.savefig(partial, format="png", dpi=140, metadata={"Software": None})


if __name__ == "__main__":
    main()
