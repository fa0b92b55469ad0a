"""What `enrol` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthda.cli.listing import console, print_json, say, shortened, table, warn, warn_skipped
from synthda.shell import quoted
from synthda.wording import counted

if TYPE_CHECKING:
    from synthda.adapt.enrol import Enrolment

MANY = 0.05
"""Share of the known classes' images that enrolled classes may take without a warning."""


def say_enrolment(done: Enrolment) -> None:
    """The classes, and what they cost the known ones."""
    warn_skipped(done.skipped, "picture")
    say(f"{done.path} also knows {', '.join(done.added)}.")
    if done.numbered:
        count = len(done.numbered)
        warn(
            f"{count} pictures became {count} classes ({shortened(done.numbered, 3)}). For one class, put them into a "
            "folder of its name, and enrol that into the model as it was."
        )
    if done.hardly_seen:
        warn(
            f"The images of known classes hardly show {', '.join(done.hardly_seen)}: new classes may take theirs. Give "
            "photographs or pictures of these, too."
        )
    if done.taken is not None:
        say(f"Of the {counted(done.images, 'image')} in {done.origin}, {done.taken:.1%} get a new class now.")
        if done.taken > MANY:
            warn("That is much, unless they do show the new classes; more, and other, pictures of each may help.")
    say(f"Use it:  synthda predict {quoted(done.path)} PHOTOS")


def say_enrolled(model: Path, enrolled: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Name and number of pictures of each class."""
    if as_json:
        print_json({"model": str(model), "enrolled": list(enrolled)})
        return
    if not enrolled:
        say(f"Nothing is enrolled in {model}.")
        return
    grid = table("class", "pictures", right=(1,))
    for one in enrolled:
        grid.add_row(one["name"], str(len(one["pictures"])))
    console().print(grid)
