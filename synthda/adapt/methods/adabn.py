"""Adaptive batch normalisation (Li et al. 2016, arXiv 1603.04779)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from synthda.adapt.method import Method
from synthda.adapt.methods import build_method, method_classes
from synthda.adapt.network import Network
from synthda.adapt.recipe import Recipe
from synthda.adapt.resident import Loaded
from synthda.errors import SettingError


class AdaBN(Method):
    """A trained method whose batch-norm statistics become those of the whole target; nothing is learnt.

    Layer by layer, the first one first: what reaches a layer over the whole target then has exactly the mean and
    variance that it is normalised by. That takes a pass over the target for each layer, and no step.
    """

    gathered_statistics = "the statistics, of the whole target"
    uses_source = False
    eager_because = "the method takes no steps"
    refresh_every = 1

    def __init__(
        self,
        network: Network,
        *,
        after: Annotated[str, "method that is trained first, any but adabn, sa, osbp and the oracle"] = "source-only",
    ) -> None:
        super().__init__(network)
        if not network.uses_batch_statistics:
            raise SettingError(
                "adabn recomputes the statistics of batch norm, and this network has none; use --network conv-small "
                "--set norm=batch."
            )
        teaches_unknown = any(part.learns_unknown for part in method_classes(after).values())  # and has a class more
        if after in ("adabn", "train-on-target") or teaches_unknown:
            raise SettingError(
                f"after={after} is not accepted: adabn follows a method that learns the source's classes without "
                "labels of the target; give, for example, after=dann."
            )
        if after == "sa":
            raise SettingError(
                "after=sa is not accepted: sa has fitted its classifier to features as the statistics were; give "
                "after=source-only, or the method sa."
            )
        self.starts_from = after
        self.trained = build_method(after, network, {}).requires_grad_(False)
        self.needs_float32 = self.trained.needs_float32

    def can_begin_from(self, trained: Method) -> bool:
        """Not where other settings gave it weights of other shapes: the method here has its defaults."""
        ours, theirs = (
            {name: each.shape for name, each in (*part.named_parameters(), *part.named_buffers())}
            for part in (self.trained, trained)
        )
        return ours == theirs

    def begin_from(self, trained: Method) -> None:
        self.trained.load_state_dict(trained.state_dict())

    def steps(self, recipe: Recipe) -> int:
        """None: nothing is learnt."""
        return 0

    def optimizers(self, recipe: Recipe) -> dict[str, torch.optim.Optimizer]:
        return {}

    def refresh(self, sources: Sequence[Loaded], target: Iterable[Tensor]) -> None:
        for layer in self._layers(next(iter(target))):
            layer.running_mean, layer.running_var = self._statistics(layer, target)

    def predict(self, images: Tensor) -> Tensor:
        """The trained method's own: of MCD both heads, of self-ensembling the teacher."""
        return self.trained.predict(images)

    def _layers(self, images: Tensor) -> list[_BatchNorm]:
        """The batch-norm layers that a prediction passes through, in that order."""
        passed: list[nn.Module] = []
        layers = {layer for layer in self.trained.modules() if isinstance(layer, _BatchNorm)}
        hooks = [layer.register_forward_pre_hook(lambda layer, _: passed.append(layer)) for layer in layers]
        self.predict(images)
        for hook in hooks:
            hook.remove()
        return [layer for layer in dict.fromkeys(passed) if isinstance(layer, _BatchNorm)]

    def _statistics(self, layer: _BatchNorm, target: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and variance (C,) of what reaches `layer` over the whole target, from those of its batches."""
        seen: list[tuple[Tensor, Tensor, int]] = []

        def see(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            channels = inputs[0].transpose(0, 1).flatten(1)
            variance, mean = torch.var_mean(channels, dim=1, correction=0)
            seen.append((mean, variance, channels.shape[1]))

        hook = layer.register_forward_pre_hook(see)
        for images in target:
            self.predict(images)
        hook.remove()
        means, variances = torch.stack([each[0] for each in seen]), torch.stack([each[1] for each in seen])
        counts = means.new_tensor([each[2] for each in seen])
        share = (counts / counts.sum())[:, None]
        mean = (share * means).sum(dim=0)
        # Var = E[Var of a batch] + Var[mean of a batch]
        return mean, (share * (variances + (means - mean).square())).sum(dim=0)
