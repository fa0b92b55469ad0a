"""Adaptive batch normalisation (Li et al. 2016, arXiv 1603.04779)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from synthda.adapt.additive import entropy
from synthda.adapt.method import Batch, Descend, LossTerms, Method
from synthda.adapt.network import Network
from synthda.errors import SettingError


class AdaBN(Method):
    """A source-only network whose batch-norm statistics are those of the target; its weights stay.

    Each step averages one more batch into the statistics, all alike: some hundred steps are plenty.
    """

    starts_from = "source-only"
    uses_source = False

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        if not network.uses_batch_statistics:
            raise SettingError(
                "adabn recomputes the statistics of batch norm, and this network has none; use --network conv-small "
                "--set norm=batch."
            )
        network.requires_grad_(False)

    def begin_from(self, trained: Method) -> None:
        super().begin_from(trained)
        for layer in self._norms():
            layer.reset_running_stats()

    def train(self, mode: bool = True) -> AdaBN:
        """In training, the plain mean of all batches so far takes the place of the moving average."""
        super().train(mode)
        for layer in self._norms():
            layer.momentum = None
        return self

    def optimizers(self, recipe: object) -> dict[str, torch.optim.Optimizer]:
        """None: nothing is learnt."""
        return {}

    def losses(self, batch: Batch, p: Tensor) -> LossTerms:
        """The entropy of the target's predictions, an observation."""
        with torch.no_grad():
            return {"entropy": entropy(self.network(batch.target[0]).softmax(dim=1)).mean()}

    def step(self, batch: Batch, p: Tensor, descend: Descend) -> LossTerms:
        return self.losses(batch, p)

    def _norms(self) -> list[_BatchNorm]:
        return [module for module in self.network.modules() if isinstance(module, _BatchNorm)]
