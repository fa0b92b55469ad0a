"""Pieces of Markdown around texts that somebody else chose: class names, file names, commands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

MARKUP = re.compile(r"[\\`*_{}\[\]()#|~!$:@]|(?<=www)\.", re.IGNORECASE)
"""What makes markup, links or table cells of a text inside of a line."""

ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
"""Not escaped by a backslash: some readers of Markdown know that only before punctuation of theirs."""

SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a character, as of a file's name that is no UTF-8."""

UNPRINTED = re.compile("[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON may hold as it is, and YAML escaped alone, or takes for the end of a line."""


def literal(text: object) -> str:
    """The text on one line, shown as it is: neither Markdown nor HTML nor an invisible character in it acts."""
    visible = "".join(character if character.isprintable() else " " for character in str(text))
    escaped = MARKUP.sub(r"\\\g<0>", "".join(ENTITIES.get(character, character) for character in visible))
    return " ".join(escaped.split()) or "(no name)"


def code(text: object) -> str:
    """A hash or a name in letters and digits; what is of another kind is left out, for it might end the code."""
    return f"`{re.sub(r'[^A-Za-z0-9._-]', '', str(text)) or '-'}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already; columns of figures are right-aligned."""
    lines = [list(row) for row in rows]
    figures = [all(re.fullmatch(r"[-+\d.,… ]*", row[column]) for row in lines) for column in range(len(head))]
    rule = ["---:" if figures[column] else "---" for column in range(len(head))]
    assert all(len(row) == len(head) for row in lines)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in ([*head], rule, *lines))


def fenced(text: str, language: str = "") -> str:
    """A block of code, in a fence longer than any within."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def front_matter(content: Mapping[str, object]) -> str:
    """YAML between two lines of dashes: every value is written as JSON, in characters that YAML may hold."""
    lines = [f"{name}: {_as_yaml(value)}" for name, value in content.items()]
    return "\n".join(["---", *lines, "---"])


def _as_yaml(value: object) -> str:
    """JSON in its characters: YAML reads the pair of escapes that JSON has for some of them as two halves."""
    text = SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False))
    return UNPRINTED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
