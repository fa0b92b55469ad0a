"""The one door to the parameters: backward, the guard against NaN, the optimizers, their rates, their checkpoint."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from synthda.adapt.checkpoint import load_checkpoint, save_checkpoint
from synthda.adapt.method import Method
from synthda.adapt.recipe import Recipe
from synthda.adapt.run import Run
from synthda.adapt.schedules import learning_rate_factor
from synthda.errors import RunError


class Descent:
    """Steps a method's optimizers; called by `Method.step` with a loss.

    Attributes:
        done: the number of steps that the run's checkpoint, loaded on construction, has had.
    """

    def __init__(self, method: Method, recipe: Recipe, run: Run, device: torch.device) -> None:
        self._method, self._schedule, self._checkpoint = method, recipe.schedule, run.checkpoint
        self._candidate = run.candidate
        self._configuration = str(run.read()["fingerprint"])
        self._optimizers = method.optimizers(recipe)
        groups = [group for optimizer in self._optimizers.values() for group in optimizer.param_groups]
        for group in groups:
            group["base_lr"] = float(group["lr"])
        self.done = 0
        if self._checkpoint.exists():
            self.done = load_checkpoint(self._checkpoint, method, self._optimizers, self._configuration)
        self._groups = [group for optimizer in self._optimizers.values() for group in optimizer.param_groups]
        for group in self._groups:
            group["lr"] = torch.tensor(group["base_lr"], device=device)
        self._set_capturable(False)
        self._finite = torch.ones((), dtype=torch.bool, device=device)

    def at(self, p: float) -> None:
        """Set the learning rates of progress p; they live on the device."""
        for group in self._groups:
            group["lr"].fill_(group["base_lr"] * learning_rate_factor(p, self._schedule))

    def __call__(self, loss: Tensor, *optimizer_names: str) -> None:
        stepped = [self._optimizers[name] for name in optimizer_names] or list(self._optimizers.values())
        for optimizer in stepped:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._finite.logical_and_(torch.isfinite(loss.detach()))
        for optimizer in stepped:
            optimizer.step()

    def make_capturable(self) -> None:
        """Let the optimizers' steps be captured as part of a CUDA graph; they count them on the device anyway."""
        self._set_capturable(True)

    def _set_capturable(self, capturable: bool) -> None:
        for group in self._groups:
            if "capturable" in group:
                group["capturable"] = capturable

    def state(self) -> Iterator[Tensor]:
        """What a step changes beside the parameters: momenta, counts of steps, and whether losses were finite."""
        yield self._finite
        for optimizer in self._optimizers.values():
            for kept in optimizer.state.values():
                yield from (value for value in kept.values() if isinstance(value, Tensor))

    def check(self, step: int) -> None:
        """Raise RunError when a loss has not been finite; waits for the device."""
        if not self._finite:
            raise RunError(
                f"The loss stopped being finite before step {step}; an earlier checkpoint, if any, is kept. Try a "
                "smaller learning rate, for example --set learning_rate=0.001, in a new --out."
            )

    def save(self, step: int) -> None:
        """Write the checkpoint after `step` steps; raises RunError rather than keep weights that are not finite."""
        self._check_weights(step)
        save_checkpoint(self._checkpoint, self._method, self._optimizers, step, self._configuration)

    def keep(self, step: int) -> None:
        """Write the weights after `step` steps as a candidate, without the optimizers; raises RunError as `save`."""
        self._check_weights(step)
        save_checkpoint(self._candidate(step), self._method, {}, step, self._configuration)

    def _check_weights(self, step: int) -> None:
        self._finite.logical_and_(torch.stack([weight.isfinite().all() for weight in self._method.parameters()]).all())
        self.check(step)
