"""Which labelled images a run has learnt, one by one: none of them may score what goes on from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthda.adapt.run import Run
from synthda.datasets.domain import Domain, content_hashes
from synthda.errors import RunError
from synthda.manifest import written_then_named

WIDTH = 16
"""Bytes of an image's hash."""


def write_learnt(run: Run, domains: Sequence[Domain], earlier: Run | None) -> None:
    """Write the hashes of all labelled images of `domains`, and of those that `earlier` has learnt; once for a run."""
    if run.learnt.exists():
        return
    own = {content for domain in domains for content in content_hashes(domain.images)}
    all_of_them = sorted(own | (set() if earlier is None else read_learnt(earlier)))
    rows = np.frombuffer(bytes.fromhex("".join(all_of_them)), dtype=np.uint8).reshape(-1, WIDTH)
    with written_then_named(run.learnt) as partial, partial.open("wb") as file:
        np.save(file, rows)


def read_learnt(run: Run) -> set[str]:
    """The hashes, as `content_hashes` gives them; none where an earlier synthda wrote none.

    Raises:
        RunError: when the file is damaged.
    """
    if not run.learnt.exists():
        return set()
    try:
        rows = np.load(run.learnt, allow_pickle=False)
        if rows.dtype != np.uint8 or rows.shape[1:] != (WIDTH,):
            raise ValueError(f"an array {rows.shape} of {rows.dtype}")
    except (OSError, ValueError, EOFError) as error:
        raise RunError(f"{run.learnt} is damaged ({error}); train the run again with --force.") from error
    return {row.tobytes().hex() for row in rows}
