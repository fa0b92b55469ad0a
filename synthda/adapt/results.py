"""What a trained run comes to: the checkpoint that is deployed, what it answers, and its scores."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from synthda.adapt.accuracy_estimate import estimated_accuracy
from synthda.adapt.answers import Answers, asked_rows, write_answers
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.candidates import choose
from synthda.adapt.data import Data
from synthda.adapt.evaluate import Evaluation, evaluate
from synthda.adapt.infer import outputs, probabilities
from synthda.adapt.method import Method
from synthda.adapt.rejection import calibrated
from synthda.adapt.run import Run
from synthda.adapt.selection import Selection
from synthda.adapt.selection.validation import Probe
from synthda.adapt.trained import load_run
from synthda.datasets.domain import UNLABELLED, Domain, Images, SomeImages, content_of, labels_by_name
from synthda.manifest import write_json


def results_of(
    blueprint: Blueprint,
    data: Data,
    run: Run,
    last: Method,
    *,
    select: Selection,
    probe: Probe,
    earlier: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """The `results` of a run's manifest; writes the files of the choice, the calibration, the answers and the score.

    Args:
        blueprint, data, run: of the training, which has ended.
        last: as the last step left it.
        select: how the checkpoint is chosen.
        probe: what the rule, the calibration and the estimate may look at.
        earlier: what of an earlier scoring still holds.
    """
    results: dict[str, Any] = {"checkpoint": "last", "steps": last.steps(blueprint.recipe)}
    asked = {"evaluation": last}
    if select.chooses:
        device = str(last.network.mean.device)
        chosen = choose(blueprint, run, last.steps(blueprint.recipe), select, probe, device=device)
        results |= {"checkpoint": "selected", "selection": chosen}
        # The deployed one comes last: of what each of them leaves, its own is kept.
        asked = {"evaluation_of_last": last, "evaluation": load_run(run, calibrated=False)[1].to(device)}
    elif not select.keeps:
        run.remove_candidates()  # of an earlier, unfinished call that was to choose
    if blueprint.calibrates_unknown and probe.held_out is not None:
        for method in asked.values():
            rejection = calibrated(method, probe.held_out)
            rejection.apply_to(method)
        rejection.write(run.rejection)
        results["rejection"] = rejection.as_dict()
    deployed = asked["evaluation"]
    target, evaluation = _on_target(deployed, data.target), None
    if data.evaluation is not None:
        for name, method in asked.items():
            results[name], evaluation = _scored(method, data.evaluation, blueprint.classes)
        write_json(run.evaluation, results["evaluation"])
    write_answers(run.answers, target, evaluation)
    shares = np.bincount(target.predicted, minlength=len(blueprint.classes)) / len(target.predicted)
    results["predicted_shares"] = dict(zip(blueprint.classes, shares.round(4).tolist(), strict=True))
    if probe.estimating is not None:
        estimate = estimate_by(deployed, probe)
        scored = results.get("evaluation", earlier.get("evaluation"))
        right = None if scored is None else _comparable(scored, blueprint)
        results["estimated_accuracy"] = estimate | ({} if right is None else {"error": estimate["value"] - right})
    return results


def _comparable(scored: Mapping[str, Any], blueprint: Blueprint) -> float | None:
    """The accuracy that the estimate is of: it knows of no `unknown`."""
    if blueprint.learns_unknown:
        return None
    return float(scored["accuracy"]) if blueprint.known_classes == blueprint.classes else scored.get("known_accuracy")


def estimate_by(method: Method, probe: Probe) -> dict[str, Any]:
    """The accuracy of `method` on the target, estimated without labels of it; `probe` has source images held out."""
    assert probe.estimating is not None
    sure_s, sure_t = (softmax(outputs(method, images), axis=1) for images in (probe.estimating.images, probe.target))
    return estimated_accuracy(sure_s, probe.estimating.labels, sure_t)


def score(
    method: Method, domain: Domain, classes: tuple[str, ...], *, groups: NDArray[np.int64] | None = None
) -> Evaluation:
    """The score of a trained method on a labelled domain; labels are matched by class name, `groups` as in evaluate."""
    return evaluate(probabilities(method, domain.images), labels_by_name(domain, classes), classes, groups=groups)


def _on_target(method: Method, target: Images) -> Answers:
    """Of the photographs that a run is asked about; they have no labels."""
    rows = asked_rows(target.shape[0])
    return Answers.of(probabilities(method, SomeImages(target, rows)), np.full(len(rows), UNLABELLED, dtype=np.int64))


def _scored(method: Method, domain: Domain, classes: tuple[str, ...]) -> tuple[dict[str, Any], Answers]:
    """The score on a labelled domain, and the answers that it is of."""
    found, labels = probabilities(method, domain.images), labels_by_name(domain, classes)
    named = {"data": domain.name, "content": content_of(domain.images)}
    return named | evaluate(found, labels, classes).as_dict(), Answers.of(found, labels)
