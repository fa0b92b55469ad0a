"""Names near to one that was meant: another case, another separator, a slip of a finger."""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

SHORTEST = 4
"""Letters of a word that a slip is looked for in: `cat` and `car` are two words."""


def near_names(name: str, accepted: Iterable[str], *, most: int = 3, cutoff: float = 0.5) -> list[str]:
    """Those that resemble `name`, whatever their case, nearest first; those alone that differ from it in spelling."""
    accepted = list(accepted)
    alike = [each for each in accepted if differs_in_spelling_only(name, each)]
    if alike:
        return alike
    by_plain: dict[str, str] = {}
    for each in accepted:
        by_plain.setdefault(each.casefold(), each)
    return [by_plain[found] for found in difflib.get_close_matches(name.casefold(), by_plain, n=most, cutoff=cutoff)]


def differs_in_spelling_only(one: str, other: str) -> bool:
    """Whether two names are one but for case, accents and what separates their words; not where they are equal."""
    return one != other and _plain(one) == _plain(other) != ""


def a_slip_apart(one: str, other: str) -> bool:
    """Whether one letter of one word is wrong, missing or added, or two are swapped; not of numbers and short words."""
    words, others = _words(one), _words(other)
    if differs_in_spelling_only(one, other):
        return True
    differing = [pair for pair in zip(words, others, strict=False) if pair[0] != pair[1]]
    if len(words) != len(others) or len(differing) != 1:
        return False
    word, wrong = differing[0]
    return min(len(word), len(wrong)) >= SHORTEST and _digits(word) == _digits(wrong) and _one_edit(word, wrong)


def near_path(path: Path) -> Path | None:
    """The path with its first part that does not exist replaced by a near one beside it, where the rest is there."""
    parents = [path, *path.parents]
    missing = next((part for part, above in pairwise(parents) if os.path.isdir(above)), None)  # no path is too long
    if missing is None or os.path.exists(missing):
        return None
    try:
        beside = [each.name for each in missing.parent.iterdir() if not each.name.startswith(".")]
    except OSError:
        return None
    rest, end = path.relative_to(missing), missing.suffix
    alike = {name.removesuffix(end): name for name in beside if name.endswith(end)}  # none.onnx is not near model.onnx
    others = [name for name in beside if not name.endswith(end)]
    near = [alike[stem] for stem in near_names(missing.stem, alike, cutoff=0.7)]
    found = (missing.with_name(name) / rest for name in (*near, *near_names(missing.name, others, cutoff=0.7)))
    return next((each for each in found if each.exists()), None)


def _plain(name: str) -> str:
    """Without case, accents on Latin letters, and separators but those between digits."""
    kept, latin = [], False
    for character in unicodedata.normalize("NFD", name):
        if not unicodedata.combining(character):
            latin = unicodedata.name(character, "").startswith("LATIN")
        elif latin:
            continue
        kept.append(character)
    text = re.sub(r"(?<=\d)[-_\s]+(?=\d)", "\0", unicodedata.normalize("NFC", "".join(kept)).casefold())
    return re.sub(r"[-_\s]+", "", text)


def _words(name: str) -> list[str]:
    return [_plain(word) for word in re.split(r"[-_\s]+", name)]


def _digits(word: str) -> list[str]:
    return re.findall(r"\d+", word)


def _one_edit(one: str, other: str) -> bool:
    if len(one) != len(other):
        short, long = sorted((one, other), key=len)
        return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))
    wrong = [place for place, (own, theirs) in enumerate(zip(one, other, strict=True)) if own != theirs]
    if len(wrong) == 2 and wrong[1] == wrong[0] + 1:
        return (one[wrong[0]], one[wrong[1]]) == (other[wrong[1]], other[wrong[0]])
    return len(wrong) == 1
