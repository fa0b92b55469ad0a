"""What an adaptation is measured against: source-only training below it, training on the target above it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from synthda.adapt.adaptation import adapt
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.data import FLOOR, ORACLE, Data
from synthda.adapt.distance import MOST, proxy_a_distance, some_of
from synthda.adapt.evaluate import gap_closed
from synthda.adapt.infer import features
from synthda.adapt.method import Method
from synthda.adapt.ranks import ALONE, Ranks
from synthda.adapt.run import Run
from synthda.adapt.scored import scored_alike
from synthda.adapt.selection import Selection
from synthda.adapt.train import Pace
from synthda.adapt.trained import load_run
from synthda.datasets.domain import ArrayImages


def baselines_of(blueprint: Blueprint, data: Data) -> dict[str, Blueprint]:
    """What is trained beside a run, by method: source-only, and the oracle where there are photographs for it.

    Network, recipe and seed are the run's.
    """
    methods = [FLOOR, *([ORACLE] if data.oracle is not None else [])]
    others = (method for method in methods if method != blueprint.method)  # such a run is its own
    return {method: replace(blueprint, method=method, method_settings={}) for method in others}


def run_baselines(
    blueprint: Blueprint,
    data: Data,
    run: Run,
    *,
    device: str = "cpu",
    pace: Pace | None = None,
    select: Selection | None = None,
    ranks: Ranks = ALONE,
) -> None:
    """Train the `baselines_of` a run.

    The checkpoint of source-only is chosen as the run's is; the oracle's is the last. Where `unknown` is calibrated,
    the oracle's is on as large a share of its own photographs.
    """
    last = Selection(hold_out=select.share) if select is not None and blueprint.calibrates_unknown else None
    for method, plain in baselines_of(blueprint, data).items():
        chosen = select if method == FLOOR else last
        folder = run.baseline(method)
        adapt(plain, data, folder, device=device, export=False, pace=pace, select=chosen, ranks=ranks)


def compare(run: Run, data: Data, device: str = "cpu") -> dict[str, Any]:
    """Accuracies of the baselines beside the run's, the gap closed, and the proxy A-distance before and after.

    What was not run, or not evaluated on the same images, or has no source to compare with, is None.
    """
    floor, oracle, own = run.baseline(FLOOR), run.baseline(ORACLE), _score(run)
    scores = {"source-only": _score(floor), "adapted": own, "oracle": _score(oracle)}
    accuracies = {name: score["accuracy"] if scored_alike(score, own) else None for name, score in scores.items()}
    known = [value for value in accuracies.values() if value is not None]
    return {
        **accuracies,
        "gap_closed": gap_closed(*known) if len(known) == len(accuracies) else None,
        "proxy_a_distance": {
            "before": feature_distance(load_run(floor)[1].to(device), data) if floor.finished else None,
            "after": feature_distance(load_run(run)[1].to(device), data) if data.sources else None,
        },
    }


def _score(run: Run) -> dict[str, Any]:
    """Empty where the run is not finished, or not evaluated."""
    return run.read()["results"].get("evaluation", {}) if run.finished else {}


def feature_distance(method: Method, data: Data) -> float:
    """Proxy A-distance between the sources together and the target in the features of a trained method."""
    source, target = data.some_of_sources(MOST).images, ArrayImages(some_of(data.target))
    return proxy_a_distance(features(method, source), features(method, target))
