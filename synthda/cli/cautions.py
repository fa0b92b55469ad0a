"""What `adapt`, `compare` and `evaluate` caution against: nothing is wrong yet, and little would come of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from synthda.cli.listing import shortened
from synthda.datasets.domain import Domain, classes_missing, meant
from synthda.near import a_slip_apart
from synthda.wording import counted


def about_unknown(domain: Domain, classes: Sequence[str]) -> Iterator[str]:
    """Of labelled data for a model that may answer `unknown`: which classes count as that, and near names."""
    missing = classes_missing(domain, classes)
    if missing:
        what = counted(len(missing), "class is none", "classes are none")
        yield (
            f"Of {domain.name}, {what} of the model's and counted as unknown: {shortened(missing)}."
            f"{meant(missing, classes)}"
        )


def about_near_classes(sources: Sequence[Domain]) -> Iterator[str]:
    """Of several sources: classes that not all of them have, and that resemble one another like a name misspelt."""
    holders: dict[str, list[str]] = {}
    for source in sources:
        for name in source.classes:
            holders.setdefault(name, []).append(source.name)
    for one, other in combinations(holders, 2):
        if len(holders[one]) == len(holders[other]) == len(sources) or not a_slip_apart(one, other):
            continue
        one_of, other_of = (", ".join(dict.fromkeys(holders[name])) for name in (one, other))
        yield f"{one} (of {one_of}) and {other} (of {other_of}) are two classes; if one is meant, rename a folder."
