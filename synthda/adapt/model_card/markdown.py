"""Pieces of Markdown around texts that somebody else chose: class names, file names, commands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

MARKUP = re.compile(r"[\\`*_{}\[\]()#|~!$:@]|(?<=www)\.", re.IGNORECASE)
"""What makes markup, links or table cells of a text inside of a line."""

ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
"""Not escaped by a backslash: some readers of Markdown know that only before punctuation of theirs."""


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
    """YAML between two lines of dashes: every value is written as JSON, which YAML contains."""
    lines = [f"{name}: {json.dumps(value)}" for name, value in content.items()]
    return "\n".join(["---", *lines, "---"])
