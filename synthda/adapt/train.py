"""The training loop: every draw keyed by (seed, step), every schedule a pure function of the step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from synthda.adapt.checkpoint import load_checkpoint, save_checkpoint
from synthda.adapt.interrupt import deferred_interrupt
from synthda.adapt.method import Batch, Method
from synthda.adapt.metrics_log import Entry, MetricsLog
from synthda.adapt.recipe import Recipe
from synthda.adapt.resident import Resident, channel_statistics
from synthda.adapt.run import Run
from synthda.adapt.schedules import learning_rate_factor
from synthda.datasets.domain import Domain, Images
from synthda.errors import DataError, RunError, SettingError


@dataclass(frozen=True)
class Pace:
    """How often the loop speaks, saves, and to whom it reports; none of it changes the weights."""

    log_every: int = 50
    checkpoint_seconds: float = 60.0
    on_log: Callable[[Entry], None] = lambda entry: None


def train(
    method: Method,
    sources: Sequence[Domain],
    target: Images,
    recipe: Recipe,
    run: Run,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    pace: Pace | None = None,
) -> int:
    """Train `method` until `recipe.steps`, going on from the run's checkpoint when it has one.

    Args:
        method: freshly built from `seed`; on return it holds the trained weights, in evaluation mode.
        sources: labelled domains over the same classes; each gives its share of the source batch.
        target: bare images: there is no way to hand over their labels.
        recipe: steps, batches, optimizer.
        run: a folder that `Run.begin` has claimed.
        seed: of the order of images and of dropout.

    Returns:
        The number of steps done in this call.

    Raises:
        SettingError: when the source batch has less than an image for each source.
        RunError: when a loss is no longer finite, or the checkpoint is of another configuration.
        KeyboardInterrupt: after Ctrl-C, with the state saved; the same call goes on from there.
    """
    pace = pace or Pace()
    device = torch.device(device)
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    feed = _Feed(method, sources, target, recipe, seed, device)
    method.network.normalise_by(*channel_statistics(feed.domains))
    method.to(device).to(memory_format=torch.channels_last)
    method.train()
    optimizers = method.optimizers(recipe)
    configuration = str(run.read()["fingerprint"])
    first = load_checkpoint(run.checkpoint, method, optimizers, configuration) if run.checkpoint.exists() else 0
    rates = [
        (group, float(group["lr"]) if first == 0 else group["base_lr"])
        for optimizer in optimizers.values()
        for group in optimizer.param_groups
    ]
    for group, base in rates:
        group["lr"], group["base_lr"] = torch.tensor(base, device=device), base

    p = torch.zeros((), device=device)
    finite = torch.ones((), dtype=torch.bool, device=device)

    def descend(loss: Tensor, *names: str) -> None:
        stepped = [optimizers[name] for name in names] or list(optimizers.values())
        for optimizer in stepped:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        finite.logical_and_(torch.isfinite(loss.detach()))
        for optimizer in stepped:
            optimizer.step()

    def save(done: int) -> None:
        if not finite or not all(parameter.isfinite().all() for parameter in method.parameters()):
            raise RunError(
                f"The loss stopped being finite before step {done}; the checkpoint before that is kept. Try a smaller "
                "learning rate, for example --set learning_rate=0.001, in a new --out."
            )
        save_checkpoint(run.checkpoint, method, optimizers, done, configuration)

    saved_at = time.monotonic()
    with MetricsLog(run, first, feed.images_a_step) as log, deferred_interrupt() as interrupted:
        for step in range(first, recipe.steps):
            torch.manual_seed(_key(seed, step))
            p.fill_(step / recipe.steps)
            for group, base in rates:
                group["lr"].fill_(base * learning_rate_factor(step / recipe.steps, recipe.schedule))
            log.add(method.step(feed.batch(step), p, descend))

            done = step + 1
            if done % pace.log_every == 0 or done == recipe.steps:
                pace.on_log(log.flush(done))  # the only synchronisation with the device
            if interrupted() or time.monotonic() - saved_at > pace.checkpoint_seconds:
                save(done)
                saved_at = time.monotonic()
            if interrupted():
                raise KeyboardInterrupt
        save(recipe.steps)
        if interrupted():  # while that was saved
            raise KeyboardInterrupt
    method.eval()
    return recipe.steps - first


class _Feed:
    """The batches of a run, by step."""

    def __init__(
        self,
        method: Method,
        sources: Sequence[Domain],
        target: Images,
        recipe: Recipe,
        seed: int,
        device: torch.device,
    ) -> None:
        if recipe.source_batch < len(sources):
            raise SettingError(
                f"source_batch={recipe.source_batch} is too small; give at least {len(sources)}, one for each source."
            )
        if method.uses_target and target.shape[0] == 0:
            raise DataError("The target holds no image; give a folder of photographs.")
        shares = np.diff(np.linspace(0, recipe.source_batch, len(sources) + 1).round().astype(int))
        self.sources = [
            Resident(source.images, source.labels, int(share), seed=seed, stream=1 + index, device=device)
            for index, (source, share) in enumerate(zip(sources, shares, strict=True))
        ]
        self.target = None
        if method.uses_target:
            unlabelled = np.full(target.shape[0], -1, dtype=np.int64)
            self.target = Resident(target, unlabelled, recipe.target_batch, seed=seed, stream=0, device=device)
        self.domains = [*self.sources, self.target] if self.target else list(self.sources)
        self.images_a_step = recipe.source_batch + (recipe.target_batch if self.target else 0)
        self.source_domain = torch.cat(
            [torch.full((int(share),), index, dtype=torch.int64) for index, share in enumerate(shares)]
        ).to(device)

    def batch(self, step: int) -> Batch:
        drawn = [source.draw(step) for source in self.sources]
        images, labels, index = (torch.cat(parts) if len(parts) > 1 else parts[0] for parts in zip(*drawn, strict=True))
        if self.target is None:
            return Batch((images,), labels, self.source_domain, index, (), index.new_empty(0))
        target, _, target_index = self.target.draw(step)
        return Batch((images,), labels, self.source_domain, index, (target,), target_index)


def _key(seed: int, step: int) -> int:
    """A 63-bit seed from (seed, step): neighbouring steps and seeds give unrelated streams."""
    mixed = (seed * 0x9E3779B97F4A7C15 + step * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB) & (2**64 - 1)
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    return (mixed ^ (mixed >> 31)) >> 1
