"""Windows' fonts, the open fonts that can stand in for each, and the Debian packages that bring those."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from synthda.synth.fonts import Font


class StandIn(NamedTuple):
    """An open family; `alike` says how close it is: of the same widths, or of the same kind."""

    windows: str
    family: str
    package: str
    alike: str = "kind"


SAME = "widths"

STAND_INS: tuple[StandIn, ...] = (
    StandIn("Arial", "Liberation Sans", "fonts-liberation", SAME),
    StandIn("Arial", "Nimbus Sans", "fonts-urw-base35", SAME),
    StandIn("Arial", "TeX Gyre Heros", "fonts-texgyre", SAME),
    StandIn("Arial", "Arimo", "fonts-croscore", SAME),
    StandIn("Arial Black", "Lato Black", "fonts-lato"),
    StandIn("Arial Black", "Roboto Black", "fonts-roboto"),
    StandIn("Arial Narrow", "Liberation Sans Narrow", "fonts-liberation", SAME),
    StandIn("Arial Narrow", "Nimbus Sans Narrow", "fonts-urw-base35", SAME),
    StandIn("Arial Narrow", "TeX Gyre Heros Cn", "fonts-texgyre", SAME),
    StandIn("Book Antiqua", "P052", "fonts-urw-base35", SAME),
    StandIn("Bookman Old Style", "URW Bookman", "fonts-urw-base35", SAME),
    StandIn("Bookman Old Style", "TeX Gyre Bonum", "fonts-texgyre", SAME),
    StandIn("Calibri", "Carlito", "fonts-crosextra-carlito", SAME),
    StandIn("Cambria", "Caladea", "fonts-crosextra-caladea", SAME),
    StandIn("Candara", "Cantarell", "fonts-cantarell"),
    StandIn("Century Gothic", "URW Gothic", "fonts-urw-base35", SAME),
    StandIn("Century Gothic", "TeX Gyre Adventor", "fonts-texgyre", SAME),
    StandIn("Century Schoolbook", "C059", "fonts-urw-base35", SAME),
    StandIn("Century Schoolbook", "TeX Gyre Schola", "fonts-texgyre", SAME),
    StandIn("Comic Sans MS", "Comic Neue", "fonts-comic-neue"),
    StandIn("Consolas", "Inconsolata", "fonts-inconsolata"),
    StandIn("Constantia", "Charis SIL", "fonts-sil-charis"),
    StandIn("Corbel", "Lato", "fonts-lato"),
    StandIn("Courier New", "Liberation Mono", "fonts-liberation", SAME),
    StandIn("Courier New", "Nimbus Mono PS", "fonts-urw-base35", SAME),
    StandIn("Courier New", "Cousine", "fonts-croscore", SAME),
    StandIn("Franklin Gothic Medium", "Open Sans Semibold", "fonts-open-sans"),
    StandIn("Georgia", "Charis SIL", "fonts-sil-charis"),
    StandIn("Georgia", "DejaVu Serif", "fonts-dejavu-core"),
    StandIn("Impact", "Open Sans Condensed", "fonts-open-sans"),
    StandIn("Impact", "Roboto Condensed", "fonts-roboto"),
    StandIn("Lucida Console", "DejaVu Sans Mono", "fonts-dejavu-core"),
    StandIn("Lucida Sans Unicode", "DejaVu Sans", "fonts-dejavu-core"),
    StandIn("Monotype Corsiva", "Z003", "fonts-urw-base35"),
    StandIn("Palatino Linotype", "P052", "fonts-urw-base35", SAME),
    StandIn("Palatino Linotype", "TeX Gyre Pagella", "fonts-texgyre", SAME),
    StandIn("Segoe Print", "Humor Sans", "fonts-humor-sans"),
    StandIn("Segoe Script", "Dancing Script", "fonts-dancingscript"),
    StandIn("Segoe UI", "Open Sans", "fonts-open-sans"),
    StandIn("Tahoma", "Tahoma", "fonts-wine", SAME),
    StandIn("Times New Roman", "Liberation Serif", "fonts-liberation", SAME),
    StandIn("Times New Roman", "Nimbus Roman", "fonts-urw-base35", SAME),
    StandIn("Times New Roman", "TeX Gyre Termes", "fonts-texgyre", SAME),
    StandIn("Times New Roman", "Tinos", "fonts-croscore", SAME),
    StandIn("Trebuchet MS", "Roboto", "fonts-roboto"),
    StandIn("Verdana", "Veranda", "fonts-arkpandora", SAME),
    StandIn("Verdana", "DejaVu Sans", "fonts-dejavu-core"),
)
"""By Windows family, closest first. None is a copy: those that share the widths differ in their outlines."""


class Coverage(NamedTuple):
    """How a Windows family is covered here.

    Attributes:
        windows: the family.
        present: whether it is installed itself.
        stand_ins: open families that are here and stand for it.
        packages: Debian packages that would add another stand-in.
    """

    windows: str
    present: bool
    stand_ins: tuple[str, ...]
    packages: tuple[str, ...]


def coverage(families: Iterable[str]) -> tuple[Coverage, ...]:
    """Of each Windows family, what stands for it among `families`, and what more could."""
    here = set(families)
    found = []
    for windows in dict.fromkeys(each.windows for each in STAND_INS):
        mine = [each for each in STAND_INS if each.windows == windows]
        present = tuple(each.family for each in mine if each.family in here and each.family != windows)
        lacking = dict.fromkeys(each.package for each in mine if each.family not in here)
        found.append(Coverage(windows, windows in here, present, tuple(lacking)))
    return tuple(found)


def stands_for(family: str) -> tuple[str, ...]:
    """The Windows families that an open family stands for."""
    return tuple(each.windows for each in STAND_INS if each.family == family and each.windows != family)


def by_family(faces: Iterable[Font]) -> dict[str, int]:
    """The number of faces of each family."""
    counts: dict[str, int] = {}
    for face in faces:
        counts[face.family] = counts.get(face.family, 0) + 1
    return counts
