"""Which classes of products stand as packs and which lie loose: told by their outlines, or named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from synthda.datasets.folders import class_named
from synthda.errors import SettingError
from synthda.settings import unknown
from synthda.synth.assortment import Product

CARTON = 0.77
"""A product of which at least this share of its height has its full width is a pack: discs have .6, cartons .82."""
FOOT = 0.87
"""So is a tall one whose lower half has it at this share: bottles have .92 from the foot to the shoulder, sheaves of
asparagus .82, and what is round below, as pears, aubergines and pineapples are, .8 at most."""
TALL = 1.5
"""Height over width from which a product counts as tall; what is flat below and lower, as a bun, is loose."""


def is_pack(product: Product) -> bool:
    """Whether a picture shows a pack, which stands: a carton, a can, a jar, or a bottle, whose neck is narrow."""
    height, width = product.image.shape[:2]
    return product.upright >= CARTON or (height >= TALL * width and product.footing >= FOOT)


def pack_classes(products: Sequence[Product], *, packs: str = "", loose: str = "") -> frozenset[str]:
    """The classes that stand; all others lie loose.

    Args:
        products: of all classes. A class stands where at least half of its pictures show a pack.
        packs: names of classes, with commas between them, that stand whatever their outline is.
        loose: those that lie loose.

    Raises:
        SettingError: for a name that is no class, or a class that is named in both.
    """
    shown: dict[str, list[bool]] = {}
    for product in products:
        shown.setdefault(product.class_name, []).append(is_pack(product))
    standing, lying = _named(packs, shown), _named(loose, shown)
    if both := sorted(standing & lying):
        raise SettingError(f"{both[0]} is named in packs and in loose; name it in one of the two.")
    told = {name for name, packed in shown.items() if np.mean(packed) >= 0.5}
    return frozenset(told - lying | standing)


def _named(text: str, classes: Mapping[str, object]) -> set[str]:
    """Classes of a list with commas, which their names may hold, too: the longest name counts."""
    found, parts = set(), [class_named(part) for part in text.split(",")]
    while parts:
        ends = (end for end in range(len(parts), 0, -1) if ",".join(parts[:end]).strip() in classes)
        end = next(ends, 0)
        if not end and parts[0].strip():
            raise SettingError(unknown("class", parts[0].strip(), classes))
        found |= {",".join(parts[:end]).strip()} if end else set()
        del parts[: end or 1]
    return found
