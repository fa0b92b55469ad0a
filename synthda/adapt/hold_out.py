"""Labelled images of the sources that are kept from the training, so that a candidate can be asked about them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.data import ORACLE, Data
from synthda.datasets.domain import UNLABELLED, Domain, content_hashes, joined, labels_by_name
from synthda.errors import DataError

Divided = tuple[Data, Domain]
_latest: WeakKeyDictionary[Data, dict[bool, tuple[tuple[Any, ...], Divided]]] = WeakKeyDictionary()
"""How data were divided last, for the oracle and for the others: a plan, a training and a score ask for the same."""


def hold_out(
    data: Data, method: str, classes: tuple[str, ...], share: float, *, seed: int = 0
) -> tuple[Data, Domain | None]:
    """The data without the images that are held out, and those, labels counted by `classes`; None for a share of 0.

    Args:
        method: the sources are divided; of the oracle, the photographs that it trains on.
        share: of each class of each source, rounded, but at least an image; a class with a single image stays whole.
            What has the same pixels as an image that is held out is not trained on either, of the labelled target too.
        seed: of the choice; the same for equal sources whatever is trained.

    Raises:
        DataError: when a class would have no image held out, or none to train on, or is unknown.
    """
    if share == 0:
        return data, None
    asked = (classes, share, seed)
    latest = _latest.setdefault(data, {})
    if latest.get(method == ORACLE, (None,))[0] != asked:
        latest[method == ORACLE] = asked, _divided(data, method, classes, share, seed)
    return latest[method == ORACLE][1]


def _divided(data: Data, method: str, classes: tuple[str, ...], share: float, seed: int) -> Divided:
    sources = data.training_sources(method) if method == ORACLE else data.sources  # labelled target is too few
    if not sources:
        raise DataError(
            "There is no source to hold images out of; give it with --source, or leave out --hold-out and --unknown."
        )
    chosen = [_rows(source, share, np.random.default_rng([seed, index])) for index, source in enumerate(sources)]
    contents = [content_hashes(source.images) for source in sources]
    held = {found[row] for found, rows in zip(contents, chosen, strict=True) for row in rows.tolist()}
    taken = [source.rows(np.sort(rows), stored=True) for source, rows in zip(sources, chosen, strict=True)]
    kept = [_without(source, held) for source in sources]
    held_out = joined(taken, classes, name="held-out source")
    _refuse_missing(held_out, kept, classes)
    if method == ORACLE:
        return replace(data, oracle=kept[0]), held_out
    few = None if data.labelled_target is None else _without(data.labelled_target, held)
    if few is not None and len(few) == 0:
        raise DataError("All images of --labelled-target are copies of some that are held out; leave it out.")
    return replace(data, sources=tuple(kept), labelled_target=few), held_out


def _rows(source: Domain, share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    chosen = [np.empty(0, dtype=np.int64)]
    for label in np.unique(source.labels[source.labels != UNLABELLED]):
        rows = rng.permutation(np.flatnonzero(source.labels == label))
        chosen.append(rows[: min(max(1, round(share * len(rows))), len(rows) - 1)])
    return np.concatenate(chosen)


def _without(domain: Domain, held: set[str]) -> Domain:
    """A domain without what is held out, under whatever name, or of another domain."""
    own = np.array([content not in held for content in content_hashes(domain.images)], dtype=np.bool_)
    return domain if own.all() else domain.rows(np.flatnonzero(own), stored=True)


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
