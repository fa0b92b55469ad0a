"""The training loop: every draw keyed by (seed, step, rank), every schedule a pure function of the step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from synthda.adapt.breakdown import breakdowns_told
from synthda.adapt.descent import Descent
from synthda.adapt.feed import Feed
from synthda.adapt.interrupt import deferred_interrupt
from synthda.adapt.method import Method
from synthda.adapt.metrics_log import Entry, MetricsLog
from synthda.adapt.placement import Placement
from synthda.adapt.precision import computing_in
from synthda.adapt.ranks import ALONE, Ranks
from synthda.adapt.recipe import Recipe
from synthda.adapt.resident import channel_statistics
from synthda.adapt.run import Run
from synthda.adapt.step import Stepper, check_arithmetic
from synthda.datasets.domain import Domain, Images

SAVE, STOP = 1, 2
"""What a process may wish after a step; the largest wish is every process's."""


@dataclass(frozen=True)
class Pace:
    """How often the loop speaks, saves, and to whom it reports; none of it changes the weights."""

    log_every: int = 50
    checkpoint_seconds: float = 60.0
    on_log: Callable[[Entry], None] = lambda entry: None
    keep: frozenset[int] = frozenset()
    """Steps after which the weights are kept as a candidate."""
    images: Placement = "auto"
    """Where the images lie: on the device, in memory, or on disk."""
    tell: Callable[[str], None] = lambda line: None
    """Is given a line for each domain that does not lie on the device."""


def train(
    method: Method,
    sources: Sequence[Domain],
    target: Images,
    recipe: Recipe,
    run: Run,
    *,
    labelled_target: Domain | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    pace: Pace | None = None,
    ranks: Ranks = ALONE,
) -> int:
    """Train `method` for the steps of the recipe, going on from the run's checkpoint when it has one.

    Args:
        method: freshly built from `seed`; on return it holds the trained weights, in evaluation mode.
        sources: labelled domains over the same classes; each gives its share of the source batch.
        target: bare images: there is no way to hand over their labels.
        recipe: steps, batches, optimizer.
        run: a folder that `Run.begin` has claimed.
        labelled_target: a few labelled target images, with a share of the source batch as one more source would have.
        seed: of the order of images and of dropout.
        ranks: the processes that divide each batch among them; all call this with the same arguments.

    Returns:
        The number of steps done in this call.

    Raises:
        SettingError: when the source batch has less than an image for each source, the device does not compute as the
            recipe asks, or the images do not fit where they were to lie.
        DataError: when a shard that is streamed is missing, damaged or changed; the same call goes on from the last
            checkpoint, once it is restored.
        RunError: when a loss is no longer finite, a step needs more memory than there is, the checkpoint is of another
            configuration, or the run is beyond a step that was to be kept; when another process is gone.
        KeyboardInterrupt: after Ctrl-C, with the state saved; the same call goes on from there.
    """
    pace, device = pace or Pace(), torch.device(device)
    check_arithmetic(recipe, method, device)
    for part in (module for module in method.modules() if isinstance(module, Method)):
        part.ranks = ranks
    with breakdowns_told(device):
        feed = Feed(
            method,
            sources,
            target,
            recipe,
            seed,
            device,
            ranks,
            labelled_target=labelled_target,
            images=pace.images,
            tell=pace.tell,
        )
        method.normalise_by(*channel_statistics(feed.domains))
        method.to(device).to(memory_format=torch.channels_last)
        method.train()
        descend = Descent(method, recipe, run, device, ranks=ranks, share=feed.share)
    first, steps = descend.done, method.steps(recipe)
    run.require_candidates(step for step in pace.keep if step <= first)

    saved_at = time.monotonic()
    log = MetricsLog(run, first, feed.images_a_step, ranks=ranks, share=feed.share)
    with (
        breakdowns_told(device),
        log,
        deferred_interrupt(second_acts=ranks.size == 1) as interrupted,
        computing_in(recipe.precision, method, device),
    ):
        take, agreed = Stepper(method, feed, descend, log, recipe.graph, device), ranks.agreement()
        if steps == 0:
            feed.refresh(method, 0)  # all that there is to do
        for step in range(first, steps):
            _reseed(_key(seed, step, ranks.rank), device)
            feed.refresh(method, step)
            take(step, step / steps)
            done = step + 1
            if done in pace.keep:  # before the checkpoint that resumes from here
                descend.keep(done)
            if done % pace.log_every == 0 or done == steps:
                pace.on_log(log.flush(done))  # the only synchronisation with the device
                descend.check(done)
            late = time.monotonic() - saved_at > pace.checkpoint_seconds
            if late:  # of several processes, all agree some steps after the wish, which is not to be repeated
                saved_at = time.monotonic()
            wish = agreed(STOP if interrupted() else SAVE if late else 0)
            if wish:
                descend.save(done)
                saved_at = time.monotonic()
            if wish == STOP:
                raise KeyboardInterrupt
        descend.save(steps)
        if ranks.agree(interrupted()):  # while that was saved
            raise KeyboardInterrupt
    method.eval()
    return steps - first


def _reseed(key: int, device: torch.device) -> None:
    """As `torch.manual_seed`, which on a CPU would also look for a GPU and note who asked, at each step."""
    if device.type == "cpu":
        torch.default_generator.manual_seed(key)
    else:
        torch.manual_seed(key)


def _key(seed: int, step: int, rank: int = 0) -> int:
    """A 63-bit seed from (seed, step, rank): neighbouring steps, seeds and ranks give unrelated streams."""
    mixed = seed * 0x9E3779B97F4A7C15 + step * 0xBF58476D1CE4E5B9 + rank * 0xD6E8FEB86659FD93 + 0x94D049BB133111EB
    mixed &= 2**64 - 1
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    return (mixed ^ (mixed >> 31)) >> 1
