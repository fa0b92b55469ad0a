"""What stands beside the tables of accuracies: products in stores, why a method fails, weights, reproducibility."""

from __future__ import annotations

import tomllib
from typing import Any

from bench.estimate_tables import estimate_tables
from bench.grocery_tables import grocery_tables
from bench.markdown import NOT_MEASURED, load, section
from bench.paths import PROTOCOL
from bench.selection_tables import selection_tables

TOLD = tomllib.loads(PROTOCOL.read_text(encoding="utf-8"))
PAIRS = {name: pair["title"] for name, pair in TOLD["pairs"].items()}


def grocery() -> list[str]:
    """Products in grocery stores."""
    return grocery_tables(TOLD)


def evidence() -> list[str]:
    """Why AFN fails, the weights of IW-DANN, rules of selection, reproducibility."""
    told = TOLD["tables"]["selection"]
    return [
        section("Why AFN is below source-only", "feature-norms", _feature_norms),
        section("Weights of single images in IW-DANN", "instance-weights", _instance_weights),
        section(told["title"], "selection", lambda found: [told["note"], "", *selection_tables(found, PAIRS)]),
        section("Methods ranked without labels", "estimates", _estimates),
        _reproducibility(),
    ]


def _feature_norms(found: dict[str, Any]) -> list[str]:
    """Why AFN fails: its premise, that features of the target are shorter, does not hold."""
    plain, afn = (found["methods"][method] for method in ("source-only", "afn"))
    return [
        f"AFN lengthens features, for those of a target are to be too short. On {PAIRS[found['pair']]} (seed "
        f"{found['seed']}, {found['images']:,} images of each domain) they are not: after source-only training their "
        f"mean length is {plain['source_norm']:.1f} on the source and {plain['target_norm']:.1f} on the target. AFN "
        f"makes it {afn['source_norm']:.1f} and {afn['target_norm']:.1f}, in directions that speak for no class: the "
        f"mean confidence on the target falls from {plain['target_confidence']:.2f} to "
        f"{afn['target_confidence']:.2f}."
    ]


def _instance_weights(found: dict[str, Any]) -> list[str]:
    """The weights of single source images over the training of IW-DANN."""
    low, _, middle, _, high = found["quantiles"]["values"][-1]
    return [
        f"On {PAIRS[found['pair']]}, seed {found['seed']}: the weight of a source image in the domain loss is "
        f"exp P_before / exp P_now of its own class. Of {found['images']:,} source images, {middle:.3f} is the median "
        f"at the end and {low:.3f}…{high:.3f} hold nine in ten (grey). The lines are the image whose weight is largest "
        "at the end, the smallest, and four evenly between.",
        "",
        "![weights over the training](images/instance-weights.png)",
    ]


def _estimates(found: dict[str, Any]) -> list[str]:
    """What `compare` without `--eval` ranks by, beside the labels that it does without."""
    chosen = load("selection") or {"cells": []}
    cells = [*({"table": "selection"} | cell for cell in chosen["cells"] if cell["failure"] is None), *found["cells"]]
    worst = max(cells, key=lambda cell: cell["estimated"] - cell["accuracy"])
    return [
        "The accuracy of each run is estimated by average thresholded confidence on images of the source's kind that "
        "no training has seen (of the runs above, the tenth that was held out), and compared with that by labels, seed "
        "by seed. `picked` is the accuracy by labels of the method whose mean estimate is highest; `best` is a bound, "
        "and no result. The estimates say which method; how good it is they say badly. They are deceived by networks "
        f"that are sure of wrong classes: of `{worst['method']}` on {PAIRS[worst['pair']]}, whose accuracy is "
        f"{worst['accuracy']:.3f} on seed {worst['seed']}, the estimate is {worst['estimated']:.3f}. Where seeds lie "
        "far apart, by estimates or by labels, that gives it away.",
        "",
        *estimate_tables(cells, TOLD["tables"], PAIRS),
    ]


def _reproducibility() -> str:
    lines = ["## Reproducibility", ""]
    workers, kills = load("workers"), load("kills")
    if workers:
        verdict = "identical" if workers["identical"] else "different"
        what = f"- `generate` of {workers['count']:,} SynNumbers with 1, 2 and 4 workers"
        lines.append(f"{what}: SHA-256 of every shard {verdict}.")
    for name, what in (("generate", "shards"), ("adapt", "weights")):
        found = NOT_MEASURED
        if kills and name in kills:
            measured = kills[name]
            found = f"{measured['identical']} of {measured['kills']} (commit {measured['machine']['commit']})"
        lines.append(f"- `{name}` killed with SIGKILL at a random moment and run again, {what} identical: {found}.")
    return "\n".join([*lines, ""])
