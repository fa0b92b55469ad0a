"""Labelled images of the sources that are kept from the training, so that a candidate can be asked about them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.data import ORACLE, Data
from synthda.datasets.domain import UNLABELLED, ArrayImages, Domain, Images, in_memory, labels_by_name
from synthda.errors import DataError


def hold_out(
    data: Data, method: str, classes: tuple[str, ...], share: float, *, seed: int = 0
) -> tuple[Data, Domain | None]:
    """The data without the images that are held out, and those, labels counted by `classes`; None for a share of 0.

    Args:
        method: the sources are divided; of the oracle, the photographs that it trains on.
        share: of each class of each source, rounded, but at least an image; a class with a single image stays whole.
        seed: of the choice; the same for equal sources whatever is trained.

    Raises:
        DataError: when a class would have no image held out, or is unknown.
    """
    if share == 0:
        return data, None
    sources = data.training_sources(method) if method == ORACLE else data.sources  # labelled target is too few
    if not sources:
        raise DataError(
            "There is no source to hold images out of; give it with --source, or leave out --hold-out and --unknown."
        )
    kept, taken = [], []
    for index, source in enumerate(sources):
        rows = _rows(source, share, np.random.default_rng([seed, index]))
        mask = np.zeros(len(source), dtype=np.bool_)
        mask[rows] = True
        kept.append(source.rows(np.flatnonzero(~mask), stored=True))
        taken.append(source.rows(np.flatnonzero(mask), stored=True))
    held_out = _joined(taken, classes)
    _refuse_missing(held_out, kept, classes)
    changed = {"oracle": kept[0]} if method == ORACLE else {"sources": tuple(kept)}
    return replace(data, **changed), held_out


def _rows(source: Domain, share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    chosen = [np.empty(0, dtype=np.int64)]
    for label in np.unique(source.labels[source.labels != UNLABELLED]):
        rows = rng.permutation(np.flatnonzero(source.labels == label))
        chosen.append(rows[: min(max(1, round(share * len(rows))), len(rows) - 1)])
    return np.concatenate(chosen)


def _joined(domains: list[Domain], classes: tuple[str, ...]) -> Domain:
    images: Images = domains[0].images
    if len(domains) > 1:
        images = ArrayImages(np.concatenate([in_memory(domain.images) for domain in domains]))
    labels = np.concatenate([labels_by_name(domain, classes) for domain in domains])
    return Domain(images, labels, classes, name="held-out source")


def _refuse_missing(held_out: Domain, kept: list[Domain], classes: tuple[str, ...]) -> None:
    """A class that is learnt but not held out could be forgotten unnoticed."""
    learnt = {label for domain in kept for label in labels_by_name(domain, classes).tolist()} - {UNLABELLED}
    missing = sorted(learnt - set(held_out.labels.tolist()))
    if missing:
        names = ", ".join(classes[label] for label in missing[:12])
        raise DataError(
            f"No image can be held out of {names}: a source has a single image of it, and training needs that. Give "
            "at least two images of each class, or a rule of selection that holds none out, such as entropy."
        )
