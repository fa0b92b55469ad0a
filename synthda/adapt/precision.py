"""The numbers that a training step computes in; weights, losses and whatever is scored or deployed are float32."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from synthda.errors import SettingError

if TYPE_CHECKING:
    from synthda.adapt.method import Method

Precision = Literal["float32", "tf32", "bf16"]

TENSOR_CORES = 8
"""Compute capability of the first GPUs, of 2020, that have TF32 and bf16."""


def check_precision(precision: Precision, method: Method, device: torch.device | str) -> None:
    """Raise SettingError where `method` is not to be trained in `precision`, or `device` does not compute in it."""
    if precision == "float32":
        return
    if method.needs_float32 is not None:
        raise SettingError(f"precision={precision} is too coarse: {method.needs_float32}; give --precision float32.")
    device = torch.device(device)
    if precision == "bf16" and device.type == "cpu":
        return
    if device.type == "cuda":
        major, minor = torch.cuda.get_device_capability(device)
        if major >= TENSOR_CORES:
            return
        name = f"{torch.cuda.get_device_name(device)}, compute capability {major}.{minor}"
    else:
        name = str(device)
    needed = {"bf16": "a GPU of compute capability 8.0 or a CPU", "tf32": "a GPU of compute capability 8.0"}[precision]
    raise SettingError(f"precision={precision} needs {needed}, and this is {name}; give --precision float32.")


@contextmanager
def computing_in(precision: Precision, method: nn.Module, device: torch.device | str) -> Iterator[None]:
    """Within, the steps of `method` compute in `precision`.

    With bf16, what happens inside a module that the method calls does; what the module returns is float32 again. So
    the kernels, covariances, eigenvalues and cross-entropies that methods make of features and logits are float32
    whatever the network computes in, and so is everything in evaluation mode, as in a refresh.
    """
    with tf32(precision == "tf32"):
        hooks = _half(method, torch.device(device)) if precision == "bf16" else []
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


@contextmanager
def tf32(on: bool = False) -> Iterator[None]:
    """Within, float32 matrix products and convolutions on a GPU round their factors to 10 bits, or, if off, do not.

    Torch's own setting is off for products and on for convolutions, so that a network's float32 would be both.
    """
    matmul, convolution = torch.backends.cuda.matmul, torch.backends.cudnn.conv  # type: ignore[attr-defined]
    before = matmul.fp32_precision, convolution.fp32_precision
    matmul.fp32_precision = convolution.fp32_precision = "tf32" if on else "ieee"
    try:
        yield
    finally:
        matmul.fp32_precision, convolution.fp32_precision = before


def _half(method: nn.Module, device: torch.device) -> list[Any]:
    """Hooks that open autocast where the method calls a module, and close it where that returns."""
    opened: list[tuple[nn.Module, torch.autocast]] = []

    def enter(module: nn.Module, _: Any) -> None:
        if method.training and not opened:
            # No cache of rounded weights: within one call of a module each is used once.
            opened.append((module, torch.autocast(device.type, torch.bfloat16, cache_enabled=False)))
            opened[0][1].__enter__()  # type: ignore[no-untyped-call]

    def leave(module: nn.Module, _: Any, output: Tensor | None) -> Tensor | None:
        if not opened or opened[0][0] is not module:
            return output
        opened.pop()[1].__exit__(None, None, None)
        return None if output is None else output.float()

    modules = [module for module in method.modules() if module is not method]
    return [module.register_forward_pre_hook(enter) for module in modules] + [
        module.register_forward_hook(leave, always_call=True) for module in modules
    ]
