"""A CUDA graph's stand-in on a CPU: the operations of a step, written down once, and done again without its Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from synthda.adapt.graph import WARM_UP

ASK_THE_HOST = (
    *("item", "_local_scalar_dense", "is_nonzero", "equal", "nonzero", "masked_select", "bincount", "lift_fresh"),
    *("unique", "repeat_interleave", "_linalg_eigh", "_linalg_svd", "_linalg_solve", "linalg_cholesky", "linalg_qr"),
)
"""Operations that on a GPU wait for it: a number is read, a shape depends on one, or a constant comes from the host."""


SHAPE_IN_PLACE = ("squeeze_", "unsqueeze_", "t_", "transpose_")


class Tape(TorchDispatchMode):
    """Operations with the memory that they read and wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[Callable[..., Any], Any, Any, Any]] = []

    def __torch_dispatch__(self, function: Any, types: Any, given: Any = (), named: Any = None) -> Any:
        name = function._schema.name.removeprefix("aten::")
        masks = [each for each in tree_leaves(given[1:2]) if isinstance(each, Tensor) and each.dtype is torch.bool]
        if name.startswith(ASK_THE_HOST) or (name.startswith(("index", "_index_put")) and masks):
            raise AssertionError(f"{name} waits for the device")
        given_now, named_now = _as_it_is((given, named or {}))
        result = function(*given, **(named or {}))
        aliases = [returned.alias_info for returned in function._schema.returns]
        view = any(alias is not None and not alias.is_write for alias in aliases)
        if not view and name not in SHAPE_IN_PLACE:  # what computes nothing needs no doing again
            self.done.append((function, given_now, named_now, _as_it_is(result)))
        return result

    @torch.no_grad()
    def play(self) -> None:
        for function, given, named, result in self.done:
            for place, value in zip(tree_leaves(result), tree_leaves(function(*given, **named)), strict=True):
                if isinstance(place, Tensor) and place.data_ptr() != value.data_ptr():
                    place.copy_(value)


def _as_it_is(tensors: Any) -> Any:
    """The same memory, in the shape of now: a tensor may be squeezed in place later."""
    return tree_map_only(Tensor, torch.Tensor.detach, tensors)


def tape(work: Callable[[], None], device: torch.device) -> Callable[[], None]:
    """As `cuda_graph`. Unlike that, the work is done once more while it is written down."""
    for _ in range(WARM_UP):
        work()
    written = Tape()
    with written:
        work()
    return written.play
