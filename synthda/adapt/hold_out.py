"""Labelled images of the sources that are kept from the training, so that a candidate can be asked about them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.data import ORACLE, Data
from synthda.datasets.domain import (
    UNLABELLED,
    ArrayImages,
    Domain,
    Images,
    content_hashes,
    each_content,
    in_memory,
    labels_by_name,
)
from synthda.errors import DataError
from synthda.wording import counted


def hold_out(
    data: Data, method: str, classes: tuple[str, ...], share: float, *, seed: int = 0
) -> tuple[Data, Domain | None]:
    """The data without the images that are held out, and those, labels counted by `classes`; None for a share of 0.

    Args:
        method: the sources are divided; of the oracle, the photographs that it trains on.
        share: of each class of each source, rounded, but at least an image; a class with a single image stays whole.
            What has the same pixels as an image that is held out is not trained on either.
        seed: of the choice; the same for equal sources whatever is trained.

    Raises:
        DataError: when a class would have no image held out, or is unknown; when a labelled target image is held out.
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
    kept = _without_copies(kept, held_out)
    _refuse_copies(data.labelled_target, held_out)
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


def _without_copies(kept: list[Domain], held_out: Domain) -> list[Domain]:
    """The domains without images that are held out under another name, or of another source."""
    copies = set(content_hashes(held_out.images))
    rows = [np.array([content not in copies for content in each_content(domain.images)]) for domain in kept]
    return [
        domain if own.all() else domain.rows(np.flatnonzero(own), stored=True)
        for domain, own in zip(kept, rows, strict=True)
    ]


def _refuse_copies(labelled_target: Domain | None, held_out: Domain) -> None:
    if labelled_target is None:
        return
    shared = set(content_hashes(held_out.images)).intersection(each_content(labelled_target.images))
    if shared:
        raise DataError(
            f"--labelled-target and the source share {counted(len(shared), 'image')} that would be held out; remove "
            "them from one of the two."
        )


def _refuse_missing(held_out: Domain, kept: list[Domain], classes: tuple[str, ...]) -> None:
    """A class that is learnt but not held out could be forgotten unnoticed; one held out but not learnt is none."""
    learnt = {label for domain in kept for label in labels_by_name(domain, classes).tolist()} - {UNLABELLED}
    missing = sorted(learnt - set(held_out.labels.tolist()))
    if missing:
        names = ", ".join(classes[label] for label in missing[:12])
        raise DataError(
            f"No image can be held out of {names}: a source has a single image of it, and training needs that. Give "
            "at least two images of each class, or a rule of selection that holds none out, such as entropy."
        )
    gone = sorted(set(held_out.labels.tolist()) - learnt)
    if gone:
        names = ", ".join(classes[label] for label in gone[:12])
        raise DataError(
            f"All images of {names} are copies of one that is held out, so that none is left to train on. Give "
            "different images of each class, or a rule of selection that holds none out, such as entropy."
        )
