"""What `adapt` says of the processes that torchrun has started: each one's part of a batch, and what it sees alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from synthda.adapt.method import Method, local_statistics_of
from synthda.adapt.ranks import Ranks
from synthda.adapt.recipe import Recipe


def part_of(recipe: Recipe, ranks: Ranks) -> Recipe:
    """The recipe with the batches that the first process sees."""
    source, target = (len(range(batch)[ranks.part()]) for batch in (recipe.source_batch, recipe.target_batch))
    return replace(recipe, source_batch=source, target_batch=target)


def division(method: Method, recipe: Recipe, ranks: Ranks) -> Iterator[str]:
    """Two lines, or none for a process alone."""
    if ranks.size == 1:
        return
    part = part_of(recipe, ranks)
    taken = [
        str(batch)
        for batch, used in ((part.source_batch, method.uses_source), (part.target_batch, method.uses_target))
        if used
    ]
    yield f"Share    {ranks.size} processes, of which each takes {' + '.join(taken)} images of a batch"
    alone = local_statistics_of(method)
    if alone and method.steps(recipe):
        yield f"Alone    over the images of one process: {', '.join(alone)}; larger batches make up for it"
