"""How a network is trained, apart from the method: steps, batches, optimizer, schedule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from torch import nn
from torch.optim import SGD, Adam, Optimizer

from synthda.adapt.graph import Graph
from synthda.adapt.precision import Precision
from synthda.adapt.schedules import Schedule
from synthda.adapt.views import View
from synthda.settings import Between

LATER = ("precision", "graph", "balanced")
"""Settings that older runs know nothing of: a manifest names them only where they are not the usual."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Settings of the training loop; each network carries the one it is usually trained with."""

    steps: Annotated[int, "parameter updates", Between(0)] = 5000
    source_batch: Annotated[int, "labelled source images a step", Between(1)] = 64
    target_batch: Annotated[int, "unlabelled target images a step", Between(1)] = 64
    optimizer: Annotated[Literal["sgd", "adam"], "SGD with momentum, or Adam"] = "sgd"
    learning_rate: Annotated[float, "learning rate at the start", Between(0)] = 0.01
    momentum: Annotated[float, "momentum of SGD, β1 of Adam", Between(0, 0.9999)] = 0.9
    weight_decay: Annotated[float, "ℓ2 penalty of the optimizer", Between(0)] = 0.0
    schedule: Annotated[Schedule, "how the learning rate falls with progress"] = "ganin"
    source_view: Annotated[View, "how training changes source images: weak moves them, strong also lights them"] = (
        "none"
    )
    target_view: Annotated[View, "how training changes target images"] = "none"
    precision: Annotated[Precision, "of the networks' arithmetic in training; tf32 and bf16 are coarse and fast"] = (
        "float32"
    )
    balanced: Annotated[bool, "draw the classes of each source equally often, whatever their shares"] = False
    graph: Annotated[Graph, "whether a GPU replays steps as a CUDA graph: auto where the method allows it"] = "auto"

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, from which an equal recipe can be made."""
        content = asdict(self)
        return {name: value for name, value in content.items() if name not in LATER or value != getattr(Recipe, name)}

    def build_optimizer(self, parameters: list[nn.Parameter]) -> Optimizer:
        """The optimizer over `parameters`, fused: one kernel for all of them instead of several for each.

        Parameters that `learn_at` has given a rate are groups of their own, a group for each rate.
        """
        groups = _by_rate(parameters, self.learning_rate)
        if self.optimizer == "adam":
            return Adam(
                groups,
                lr=self.learning_rate,
                betas=(self.momentum, 0.999),
                weight_decay=self.weight_decay,
                fused=True,
            )
        return SGD(groups, lr=self.learning_rate, momentum=self.momentum, weight_decay=self.weight_decay, fused=True)


def learn_at(parameters: Iterable[nn.Parameter], rate: float) -> None:
    """Have every optimizer step `parameters` at `rate` times its learning rate; a deep copy does not keep the mark."""
    for parameter in parameters:
        parameter.rate = rate  # type: ignore[attr-defined]


def _by_rate(parameters: list[nn.Parameter], learning_rate: float) -> list[nn.Parameter] | list[dict[str, Any]]:
    """A group for each rate, or the bare list where all have the rate 1."""
    rates = [float(getattr(parameter, "rate", 1.0)) for parameter in parameters]
    if set(rates) <= {1.0}:
        return parameters
    return [
        {
            "params": [parameter for parameter, own in zip(parameters, rates, strict=True) if own == rate],
            "lr": rate * learning_rate,
        }
        for rate in dict.fromkeys(rates)
    ]


GANIN = Recipe(steps=8000)
"""Ganin et al. 2016, §5.2.2: SGD with momentum .9, 64 + 64 images, μ_p = .01 / (1 + 10p)^.75."""
