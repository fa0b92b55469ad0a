"""Products in grocery stores: every method beside icons alone, coarse classes, and what ImageNet names.

python -m bench.accuracy grocery --data DATA --runs RUNS # trains the methods
python -m bench.grocery --data DATA --runs RUNS          # trains on the icons alone, then scores what is finished

Both for `grocery-224`, too: `--table grocery-224` here.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.cells import Cell, Protocol, arguments_of
from bench.kept import Kept
from synthda.adapt.adaptation import adapt
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.data import FLOOR, Data
from synthda.adapt.infer import features, probabilities
from synthda.adapt.intervals import bootstrap_interval
from synthda.adapt.method import Method
from synthda.adapt.run import Run
from synthda.adapt.trained import load_run
from synthda.datasets.domain import ArrayImages, Domain, labels_by_name
from synthda.datasets.folders import list_photos
from synthda.datasets.photos import read_photo

TABLE = "grocery"
ICONS, NEAREST = "icons alone, fine-tuned", "nearest icon, frozen features"
NAMED_BY_IMAGENET = (
    *("Granny-Smith", "Banana", "Lemon", "Orange", "Pineapple", "Pomegranate", "Cucumber", "Zucchini", "Cabbage"),
    *("Green-Bell-Pepper", "Red-Bell-Pepper", "Orange-Bell-Pepper", "Yellow-Bell-Pepper", "Brown-Cap-Mushroom"),
)
"""Classes whose name, or whose plain name, is one of ImageNet's thousand: its weights have seen them labelled."""


def icons_of(protocol: Protocol, table: str) -> Domain:
    """The 81 icons, each its own class."""
    side = protocol.table(table)["size"]
    paths = list_photos(protocol.data / "grocery" / "icons")
    images = np.stack([read_photo(path, (side, side)) for path in paths])
    return Domain(ArrayImages(images), np.arange(len(paths)), tuple(path.stem for path in paths), name="icons")


def coarse_classes(data: Path) -> dict[str, str]:
    """By class, the coarse class that the data set's authors put it in."""
    with (data / "grocery" / "classes.csv").open(encoding="utf-8") as file:
        return {row["Class Name (str)"]: row["Coarse Class Name (str)"] for row in csv.DictReader(file)}


def trained(protocol: Protocol, table: str, icons: Domain, seed: int, device: str) -> tuple[Blueprint, Method]:
    """Fine-tuned on the icons alone, by the table's recipe."""
    pair = protocol.table(table)["pairs"][0]
    blueprint = protocol.blueprint_of(Cell(table, pair, FLOOR, seed), icons.classes)
    run = Run(protocol.runs / table / f"icons-seed{seed}")
    target = protocol.open(table, protocol.told["pairs"][pair]["target"])
    data = Data(sources=(icons,), target=target.unlabelled(), target_name=target.name)
    adapt(blueprint, data, run, device=device, export=False)
    return load_run(run)


def finished(protocol: Protocol, table: str, kept: Kept) -> Iterator[tuple[str, int, Blueprint, Method]]:
    """Method, seed, and what it trained, of every finished cell of the table that has no score yet."""
    for cell in protocol.cells(table):
        if protocol.run_of(cell).finished and not kept.has(cell.method, cell.seed):
            yield cell.method, cell.seed, *load_run(protocol.run_of(cell))


def nearest(method: Method, icons: Domain, photographs: Domain) -> NDArray[np.int64]:
    """Of each photograph the icon whose features, before any training, point in the nearest direction."""
    found = [features(method, domain.images) for domain in (icons, photographs)]
    icon_units, photo_units = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in found)
    return np.asarray((photo_units @ icon_units.T).argmax(axis=1), dtype=np.int64)


def bare(protocol: Protocol, table: str, classes: tuple[str, ...]) -> Method:
    """The table's network as its file of weights has it, without a bottleneck."""
    plan = protocol.blueprint_of(Cell(table, protocol.table(table)["pairs"][0], FLOOR, 0), classes)
    given = {**{name: str(value) for name, value in plan.network_settings.items()}, "bottleneck": "0"}
    return Blueprint.of(FLOOR, plan.network, classes, given=given, input_size=plan.input_size).build().eval()


def answers(method: Method, photographs: Domain) -> NDArray[np.int64]:
    """The likeliest class of each photograph."""
    return np.asarray(probabilities(method, photographs.images).argmax(axis=1), dtype=np.int64)


def scores(predicted: NDArray[np.int64], classes: tuple[str, ...], photographs: Domain, data: Path) -> dict[str, Any]:
    """Accuracy of fine and coarse classes, mean recall, and accuracy on the classes that ImageNet does not name."""
    coarse = coarse_classes(data)
    labels = labels_by_name(photographs, classes)
    right = predicted == labels
    coarse_right = np.array([coarse[classes[p]] == coarse[classes[t]] for p, t in zip(predicted, labels, strict=True)])
    unnamed = np.array([classes[label] not in NAMED_BY_IMAGENET for label in labels])
    recalls = [right[labels == label].mean() for label in np.unique(labels)]
    return {
        "n": len(labels),
        "accuracy": float(right.mean()),
        "interval": bootstrap_interval(right),
        "mean_recall": float(np.mean(recalls)),
        "coarse_accuracy": float(coarse_right.mean()),
        "without_imagenet_classes": float(right[unnamed].mean()),
        "n_without_imagenet_classes": int(unnamed.sum()),
    }


def asked(description: str | None) -> argparse.ArgumentParser:
    """What the scripts of products understand."""
    parser = arguments_of(description)
    parser.add_argument("--seeds", default="0,1,2,3,4", help="of what this trains itself; may be empty")
    parser.add_argument("--device", default="cpu")
    return parser


def begun(arguments: argparse.Namespace, name: str) -> tuple[Protocol, Domain, list[int]]:
    """What the command line names: the protocol, the photographs that evaluate, and the seeds to train.

    `name` is a table's, or that of one of `[products]`, which names its table.
    """
    protocol = Protocol(arguments.data, arguments.runs)
    seeds = [int(seed) for seed in arguments.seeds.split(",") if seed]
    table = protocol.told["products"].get(name, {}).get("table", name)
    pair = protocol.table(table)["pairs"][0]
    return protocol, protocol.open(table, protocol.told["pairs"][pair]["eval"]), seeds


def main() -> None:
    parser = asked(__doc__)
    parser.add_argument("--table", default=TABLE)
    arguments = parser.parse_args()
    table = arguments.table
    protocol, photographs, seeds = begun(arguments, table)
    icons, kept = icons_of(protocol, table), Kept(table, protocol.fingerprint_of(table))

    def add(name: str, seed: int, classes: tuple[str, ...], predicted: NDArray[np.int64]) -> None:
        kept.add(name, seed, scores(predicted, classes, photographs, protocol.data))

    if not kept.has(NEAREST, 0):
        untrained = bare(protocol, table, icons.classes).to(arguments.device)
        add(NEAREST, 0, icons.classes, nearest(untrained, icons, photographs))
    for name, seed, blueprint, method in finished(protocol, table, kept):
        add(name, seed, blueprint.classes, answers(method.to(arguments.device), photographs))
    for seed in seeds:
        if not kept.has(ICONS, seed):
            blueprint, method = trained(protocol, table, icons, seed, arguments.device)
            add(ICONS, seed, blueprint.classes, answers(method.to(arguments.device), photographs))


if __name__ == "__main__":
    main()
