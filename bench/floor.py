"""The least time a training step can take: operations and bytes of each module, over ceilings that are measured.

Counted are convolutions, linear layers, pooling, activations, dropout, the gather and the normalisation of the images,
and the optimizer; each reads its inputs and writes its outputs once. Losses, the argmaxima of pooling, masks of dropout
and changes between precisions are not: the floor is low rather than high.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bench.dann import finished
from synthda.adapt.methods.dann import DANN
from synthda.adapt.precision import Precision, tf32

FLOAT = 4
"""Bytes of a float32."""
SGD_PASSES = 5
"""Weight, gradient and momentum are read, weight and momentum written."""


@dataclass(frozen=True)
class Operation:
    """Part of a step: floating-point operations, a multiplication and an addition being two, and bytes moved."""

    name: str
    operations: float
    bytes: float


@dataclass(frozen=True)
class Ceiling:
    """What a device reaches at most: operations per second, and bytes per second read or written."""

    operations: float
    bandwidth: float

    def seconds(self, parts: Sequence[Operation]) -> float:
        """Σ max(operations / ceiling, bytes / bandwidth): each part is bound by one of the two."""
        return sum(max(part.operations / self.operations, part.bytes / self.bandwidth) for part in parts)


def operations_of(module: nn.Module, shape: Sequence[int], *, element: int, first: bool = False) -> list[Operation]:
    """Of a forward and a backward pass.

    Args:
        module: its layers are called one after the other.
        shape: of the input.
        element: bytes of a number.
        first: whether nothing before the module learns, so that its first layer needs no gradient of its input.
    """
    found: list[Operation] = []

    def see(layer: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        found.extend(_layer(layer, given[0], output, element, needs_input=bool(found) or not first))

    copied = copy.deepcopy(module).to("meta").train()
    for layer in copied.modules():
        if not list(layer.children()):
            layer.register_forward_hook(see)
    copied(torch.empty(*shape, device="meta"))
    return found


def _layer(layer: nn.Module, given: Tensor, output: Tensor, element: int, *, needs_input: bool) -> list[Operation]:
    name, moved = type(layer).__name__, element * (given.numel() + output.numel())
    if isinstance(layer, nn.Conv2d | nn.Linear):
        # Each output is a sum over as many products as a row of the weights has.
        operations = 2.0 * output.numel() * layer.weight[0].numel()
        passes = ["forward", "gradient of the weights", *(["gradient of the input"] if needs_input else [])]
        return [Operation(f"{name}, {each}", operations, moved + element * layer.weight.numel()) for each in passes]
    if isinstance(layer, nn.Flatten):
        return []
    backward = element * (given.numel() + output.numel())
    return [Operation(f"{name}, forward", 0, moved), Operation(f"{name}, backward", 0, backward)]


def step_of(method: DANN, source: int, target: int, *, element: int = FLOAT) -> list[Operation]:
    """All of one step of DANN with SGD on so many images of each domain, `element` bytes a number in the networks."""
    network, batch = method.network, source + target
    height, width = network.input_size
    pixels = batch * 3 * height * width
    weights = sum(parameter.numel() for parameter in method.parameters())
    return [
        Operation("gather to float", 0, pixels * (1 + FLOAT)),
        Operation("normalise", 0, 2 * pixels * FLOAT),
        *operations_of(network.feature_extractor, (batch, 3, height, width), element=element, first=True),
        *operations_of(network.label_predictor, (source, network.feature_dim), element=element),
        *operations_of(method.domain_classifier, (batch, network.feature_dim), element=element),
        Operation("SGD", 0, SGD_PASSES * FLOAT * weights),
    ]


def measured_ceiling(precision: Precision, device: str, *, side: int = 8192, bytes_: int = 2**30) -> Ceiling:
    """Of a product of two square matrices and a copy of `bytes_`, the best of several."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    left, right = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    origin = torch.empty(bytes_, dtype=torch.uint8, device=device).zero_()
    copied = torch.empty_like(origin)
    with tf32(precision == "tf32"):
        product = _best(lambda: torch.mm(left, right), device)
    return Ceiling(2 * side**3 / product, 2 * bytes_ / _best(lambda: copied.copy_(origin), device))


def _best(work: Callable[[], Any], device: str, *, times: int = 10) -> float:
    """Seconds of the fastest of several calls, after two that warm up."""
    taken = []
    for _ in range(times + 2):
        finished(device)
        began = time.perf_counter()
        work()
        finished(device)
        taken.append(time.perf_counter() - began)
    return min(taken[2:])
