"""Asks a trained run, while its domains are open, what its report will show of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from synthda.adapt.answers import Answers, asked_rows, read_answers
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.by_factor import ByFactor, by_factor
from synthda.adapt.comparison.embedding import laid_out
from synthda.adapt.data import FLOOR, Data
from synthda.adapt.distance import some_rows
from synthda.adapt.infer import features
from synthda.adapt.method import Method
from synthda.adapt.report.pictures import ROW, Shown, confident, doubtful, mistakes, some_pictures
from synthda.adapt.report.stored import Embedding, Picture, Stored, read_embedding, write_stored
from synthda.adapt.run import Run
from synthda.adapt.trained import load_run
from synthda.datasets.domain import UNLABELLED, ArrayImages, Domain, factor_names, labels_by_name

MOST_PLACED = 500
"""Images of each domain in the plane."""
MOST_FACTORS = 6
"""Those by which the accuracy varies most."""


def gather(run: Run, data: Data, *, earlier: Run | None = None, device: str = "cpu") -> None:
    """Write what the report of a finished run needs of the domains into the run's folder.

    Args:
        run: finished.
        data: what it was trained on.
        earlier: the run that it has gone on from or began with, where that is not its own.
        device: as torch names it.

    Raises:
        SynthdaError: when the disk is full.
    """
    blueprint, method = load_run(run)
    method.to(device)
    told, scored = read_answers(run.answers)
    target = Shown(data.target, told, asked_rows(data.target.shape[0]), blueprint.classes, data.target_paths)
    evaluation, factors = None, []
    if data.evaluation is not None and scored is not None:
        every = np.arange(len(data.evaluation))
        evaluation = Shown(data.evaluation.images, scored, every, blueprint.classes, data.evaluation.paths)
        factors = _by_factors(data.evaluation, scored, data.factor_tables)
    embedding, before = _embedding(run, blueprint, method, data, target, earlier, device)
    about = {
        "fingerprint": run.read()["fingerprint"],
        "before": before,
        "target": _about(data.target_name, target),
        "evaluation": None if evaluation is None else _about(data.evaluation.name, evaluation),  # type: ignore[union-attr]
        "placed": "target" if data.evaluation is None else "evaluation",
        "source": [source.name for source in data.sources],
        "source_shares": _shares(data.sources, blueprint.classes),
        "factors": [found.as_dict() for found in factors],
    }
    pictures = _pictures(data, target, evaluation)
    write_stored(run, Stored(about, told, scored, pictures, embedding))


def _about(name: str, shown: Shown) -> dict[str, Any]:
    return {"name": name, "images": shown.images.shape[0], "asked": len(shown.rows)}


def _shares(sources: Sequence[Domain], classes: tuple[str, ...]) -> dict[str, float]:
    """Of the sources' labelled images together; empty where there is no source."""
    if not sources:
        return {}
    labels = np.concatenate([labels_by_name(source, classes) for source in sources])
    counts = np.bincount(labels[labels != UNLABELLED], minlength=len(classes))
    return dict(zip(classes, (counts / max(1, counts.sum())).round(5).tolist(), strict=True))


def _pictures(data: Data, target: Shown, evaluation: Shown | None) -> list[Picture]:
    pictures = [*target.pictures("confident", confident(target.answers))]
    pictures += target.pictures("doubtful", doubtful(target.answers))
    if evaluation is not None:
        pictures += evaluation.pictures("mistakes", mistakes(evaluation.answers))
    if data.sources:
        source = data.some_of_sources(ROW)
        labels = [source.classes[label] if label >= 0 else "" for label in source.labels]
        pictures += some_pictures("source", source.images, source.paths or (), labels)
    pictures += some_pictures("target", data.target, data.target_paths or (), ())
    return pictures


def _by_factors(domain: Domain, answers: Answers, tables: Mapping[str, Sequence[str]]) -> list[ByFactor]:
    """Accuracy by the factors of the scenes that tell most of it; none where the images are no renderings."""
    if domain.scenes is None or not 0 < answers.right.mean() < 1:
        return []
    found = [by_factor(domain, answers.right, name, tables) for name in factor_names(domain.scenes)]
    return sorted((one for one in found if telling(one) > 0), key=telling, reverse=True)[:MOST_FACTORS]


def telling(found: ByFactor) -> float:
    """Share of the variance of right and wrong that lies between the parts, less what chance puts there (ε²)."""
    total = found.n * found.accuracy * (1 - found.accuracy)
    between = sum(part.n * (part.accuracy - found.accuracy) ** 2 for part in found.parts)
    by_chance = (len(found.parts) - 1) * (total - between) / max(1, found.n - len(found.parts))
    return (between - by_chance) / total if total > 0 else 0.0


def _embedding(
    run: Run, blueprint: Blueprint, method: Method, data: Data, target: Shown, earlier: Run | None, device: str
) -> tuple[Embedding | None, str]:
    """The features before and after in the plane, and what `before` is; nothing without a source."""
    if not data.sources:
        return None, ""
    source = data.some_of_sources(MOST_PLACED)
    if data.evaluation is not None:
        other = data.evaluation.rows(some_rows(len(data.evaluation), most=MOST_PLACED))
        images, labels = other.images, labels_by_name(other, blueprint.classes)
    else:
        places = some_rows(len(target.rows), most=MOST_PLACED)
        images, labels = ArrayImages(data.target.read(target.rows[places])), target.answers.predicted[places]
    both = ArrayImages(np.concatenate([part.read(np.arange(part.shape[0])) for part in (source.images, images)]))
    if len(both.array) < 4:
        return None, ""
    first, what = _before(run, blueprint, method, earlier)
    shown = [features(one, both) for one in (first.to(device), method)]
    key = hashlib.blake2b(b"".join(part.tobytes() for part in shown), digest_size=16).hexdigest()
    marks = {
        "target": np.repeat([False, True], [len(source), images.shape[0]]),
        "label": np.concatenate([labels_by_name(source, blueprint.classes), labels]),
    }
    kept = _kept(run, key)
    placed = (kept.before, kept.after) if kept is not None else (laid_out(shown[0]), laid_out(shown[1]))
    return Embedding(*placed, **marks, key=key), what


def _kept(run: Run, key: str) -> Embedding | None:
    """The positions of equal features, where they were laid out before."""
    try:
        found = read_embedding(run)
    except ValueError:
        return None
    return found if found is not None and found.key == key else None


def _before(run: Run, blueprint: Blueprint, after: Method, earlier: Run | None) -> tuple[Method, str]:
    """Source-only where it was trained, else the run that this one goes on from, else the network's first weights."""
    for one in (run.baseline(FLOOR), run.first, *([] if earlier is None else [earlier])):
        if one.finished:
            found, method = load_run(one)
            return method, found.method
    method = blueprint.build(pretrained=True)
    method.normalise_by(after.network.mean.flatten().cpu(), after.network.std.flatten().cpu())
    return method.eval(), "untrained" if not blueprint.inputs else "pretrained"
