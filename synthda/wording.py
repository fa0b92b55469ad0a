"""Counts and names as people read them."""

from __future__ import annotations

import re

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What moves a terminal's cursor, clears it or renames it, and may stand in the name of a file or a class."""

UNDRAWN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What a folder may have in its name, and XML or a font not: control characters, bytes that are no UTF-8."""


def counted(count: int, one: str, many: str = "") -> str:
    """`1 photograph`, `2,000 photographs`; `many` where it is not `one` with an s."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def without_control(text: str) -> str:
    """The text with the replacement character for what would act on a terminal; lines and tabs stay."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def shortened(name: str, longest: int) -> str:
    """A name as a chart can draw it, of at most so many characters."""
    drawn = UNDRAWN.sub("\N{REPLACEMENT CHARACTER}", name)
    return drawn if len(drawn) <= longest else drawn[: longest - 1] + "…"
