"""The table of products in grocery stores, from bench/results/grocery-detail.json."""

from __future__ import annotations

from statistics import fmean, pstdev
from typing import Any

from bench.markdown import table

COLUMNS = ("method", "accuracy, 81 classes", "mean recall", "43 coarse classes", "without ImageNet's classes")


def grocery_table(found: dict[str, Any]) -> list[str]:
    """Lines of Markdown: a row a method, mean over its seeds."""
    first = next(iter(next(iter(found["methods"].values())).values()))
    lines = [
        f"Of the {first['n']} photographs that evaluate, {first['n_without_imagenet_classes']} are of classes that "
        "ImageNet does not name. `nearest icon` compares the features of SqueezeNet as it comes; `icons alone` trains "
        "on the 81 icons, each in weak views, by the recipe of the table above.",
        "",
    ]
    ranked = sorted(found["methods"].items(), key=lambda item: _mean(item[1], "accuracy"))
    return [*lines, *table(COLUMNS, (_row(name, list(seeds.values())) for name, seeds in ranked))]


def _mean(seeds: dict[str, Any], what: str) -> float:
    return fmean(scores[what] for scores in seeds.values())


def _row(name: str, seeds: list[dict[str, Any]]) -> list[str]:
    low, high = seeds[0]["interval"]
    accuracies = [scores["accuracy"] for scores in seeds]
    spread = f" ± {pstdev(accuracies):.3f}" if len(seeds) > 1 else ""
    cells = [name, f"{fmean(accuracies):.3f}{spread} ({len(seeds)}) [{low:.3f}, {high:.3f}]"]
    for what in ("mean_recall", "coarse_accuracy", "without_imagenet_classes"):
        cells.append(f"{fmean(scores[what] for scores in seeds):.3f}")
    return cells
