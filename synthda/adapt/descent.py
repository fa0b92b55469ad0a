"""The one door to the parameters: backward, the guard against NaN, the optimizers, their rates, their checkpoint.

Several processes meet here too: gradients and batch norm's running statistics become their means.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer

from synthda.adapt.checkpoint import load_checkpoint, save_checkpoint
from synthda.adapt.method import Method, tensors_of
from synthda.adapt.ranks import ALONE, Ranks
from synthda.adapt.recipe import Recipe
from synthda.adapt.run import Run
from synthda.adapt.schedules import learning_rate_factor
from synthda.errors import RunError


class Descent:
    """Steps a method's optimizers; called by `Method.step` with a loss.

    Attributes:
        done: the number of steps that the run's checkpoint, loaded on construction, has had.
    """

    def __init__(
        self,
        method: Method,
        recipe: Recipe,
        run: Run,
        device: torch.device,
        *,
        ranks: Ranks = ALONE,
        share: float = 1.0,
    ) -> None:
        self._ranks, self._share = ranks, share
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
        self._running = list(_running_statistics(method))
        ranks.require_alike(str(self.done), "the checkpoint that they find")
        ranks.follow(tensors_of(method))

    def at(self, p: float) -> None:
        """Set the learning rates of progress p; they live on the device."""
        for group in self._groups:
            group["lr"].fill_(group["base_lr"] * learning_rate_factor(p, self._schedule))

    def __call__(self, loss: Tensor, *optimizer_names: str) -> None:
        stepped = [self._optimizers[name] for name in optimizer_names] or list(self._optimizers.values())
        for optimizer in stepped:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._finite.logical_and_(torch.isfinite(self._exchange(loss.detach(), stepped)))
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

    def _exchange(self, loss: Tensor, stepped: Iterable[Optimizer]) -> Tensor:
        """Gradients, running statistics and the loss become their means over the processes; returns that loss."""
        if self._ranks.size == 1:
            return loss
        parameters = (each for optimizer in stepped for group in optimizer.param_groups for each in group["params"])
        gradients = [each.grad for each in parameters if each.grad is not None]
        loss = loss.clone()  # among them, so that all learn of it when one process's is not finite
        self._ranks.combine([*gradients, *self._running, loss], self._share)
        return loss

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
        path, optimizers = self._checkpoint, self._optimizers
        self._ranks.first(lambda: save_checkpoint(path, self._method, optimizers, step, self._configuration))

    def keep(self, step: int) -> None:
        """Write the weights after `step` steps as a candidate, without the optimizers; raises RunError as `save`."""
        self._check_weights(step)
        path = self._candidate(step)
        self._ranks.first(lambda: save_checkpoint(path, self._method, {}, step, self._configuration))

    def _check_weights(self, step: int) -> None:
        self._finite.logical_and_(torch.stack([weight.isfinite().all() for weight in self._method.parameters()]).all())
        self.check(step)
        if self._ranks.size > 1:
            self._ranks.require_alike(_digest(self._method), f"their weights after step {step}")


def _running_statistics(method: Method) -> Iterable[Tensor]:
    """Of every batch norm that follows its batches: the means of two halves' are those of the whole."""
    for layer in method.modules():
        if isinstance(layer, _BatchNorm) and layer.training:
            yield from (each for each in (layer.running_mean, layer.running_var) if each is not None)


def _digest(method: Method) -> str:
    """Of every bit that a checkpoint holds of the method."""
    digest = hashlib.blake2b(digest_size=16)
    for tensor in tensors_of(method):
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
