"""The tables of products in grocery stores: accuracies, photographs that are no class, and labels from the page."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean, stdev
from typing import Any

from bench.grocery_teach import AFTER, BEFORE
from bench.markdown import NOT_MEASURED, section, table

TABLES = ("grocery-224", "grocery")
COLUMNS = ("method", "accuracy, 81 classes", "mean recall", "43 coarse classes", "without ImageNet's classes")
UNKNOWN_COLUMNS = (
    *("method", "accuracy, known classes alone", "AUROC, photographs of removed classes"),
    *("the same beside recognised ones alone", "AUROC, BSDS500's test photographs"),
    "taken for unknown: known classes, removed classes, BSDS500",
)


def grocery_tables(told: dict[str, Any]) -> list[str]:
    """The sections; `told` is the protocol."""
    unknown, teach = told["products"]["unknown"], told["products"]["teach"]
    return [
        *(_section(name, told["tables"][name]) for name in TABLES),
        section(unknown["title"], "grocery-unknown", lambda found: _unknown(unknown, found["methods"])),
        section(teach["title"], "grocery-teach", lambda found: [teach["note"], "", *_teach(found["methods"])]),
    ]


def _section(name: str, told: dict[str, Any]) -> str:
    return section(told["title"], name, lambda found: [*_recipe(told), *_products(found["methods"])])


def _recipe(told: dict[str, Any]) -> list[str]:
    size = f"{told['size']}×{told['size']} px"
    return [f"Network `{told['network']}` at {size}, {told['steps']:,} steps. {told['note']}"]


def _products(methods: dict[str, Any]) -> list[str]:
    first = next(iter(next(iter(methods.values())).values()))
    lines = [
        f"Of the {first['n']} photographs that evaluate, {first['n_without_imagenet_classes']} are of classes that "
        "ImageNet does not name. `nearest icon` compares the features of SqueezeNet as it comes; `icons alone`, where "
        "it is measured, trains on the 81 icons, each in weak views, by the same recipe. `train-on-target` is the "
        "oracle.",
        "",
    ]
    ranked = sorted(methods.items(), key=lambda item: _mean(item[1], "accuracy"))
    return [*lines, *table(COLUMNS, (_row(name, list(seeds.values())) for name, seeds in ranked))]


def _unknown(told: dict[str, Any], methods: dict[str, Any]) -> list[str]:
    first = next(iter(next(iter(methods.values())).values()))
    counts = f"{first['known']} photographs of known classes, {first['unknown']} of removed ones"
    lines = [f"{told['note']} Scored on {counts}, and {first['backgrounds']} of BSDS500.", ""]
    rows = (_told_apart(name, list(methods.get(name, {}).values())) for name in told["methods"])
    return [*lines, *table(UNKNOWN_COLUMNS, rows)]


def _told_apart(name: str, seeds: list[dict[str, Any]]) -> list[str]:
    if not seeds:
        return [name, *[NOT_MEASURED] * (len(UNKNOWN_COLUMNS) - 1)]
    taken = [
        *([scores["taken_for_unknown"][kind] for scores in seeds] for kind in ("known", "unknown")),
        [scores["backgrounds_taken_for_unknown"] for scores in seeds],
    ]
    told = ("accuracy_on_known", "auroc", "auroc_beside_recognised", "auroc_of_backgrounds")
    return [
        name,
        *(_spread([scores[what] for scores in seeds]) for what in told),
        ", ".join(f"{fmean(shares):.0%}" for shares in taken),
    ]


def _teach(methods: dict[str, Any]) -> list[str]:
    return table(COLUMNS, (_row(name, list(methods[name].values())) for name in (BEFORE, AFTER)))


def _row(name: str, seeds: list[dict[str, Any]]) -> list[str]:
    low, high = seeds[0]["interval"]
    accuracy = f"{_spread([scores['accuracy'] for scores in seeds])} [{low:.3f}, {high:.3f}]"
    others = ("mean_recall", "coarse_accuracy", "without_imagenet_classes")
    return [name, accuracy, *(f"{fmean(scores[what] for scores in seeds):.3f}" for what in others)]


def _mean(seeds: dict[str, Any], what: str) -> float:
    return fmean(scores[what] for scores in seeds.values())


def _spread(values: Iterable[float]) -> str:
    """Mean ± deviation over seeds, and how many there are."""
    found = list(values)
    deviation = f" ± {stdev(found):.3f}" if len(found) > 1 else ""
    return f"{fmean(found):.3f}{deviation} ({len(found)})"
