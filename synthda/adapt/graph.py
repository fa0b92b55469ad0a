"""A step captured once as a CUDA graph and replayed: one launch for all its kernels, on the same tensors each time."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, distributed

from synthda.adapt.breakdown import is_out_of_memory
from synthda.errors import RunError, SettingError

if TYPE_CHECKING:
    from synthda.adapt.method import Method

Graph = Literal["auto", "on", "off"]
Work = Callable[[], None]
Capture = Callable[[Work, torch.device], Work]
"""Does the work a few times, and returns what does it again on the same tensors, without Python in between."""

WARM_UP = 3
"""Times that the work is done before it is captured: libraries choose their algorithms, optimizers make their state."""


def cuda_graph(work: Work, device: torch.device) -> Work:
    """See https://docs.pytorch.org/docs/stable/notes/cuda.html#whole-network-capture.

    Random numbers: torch registers the device's default generator with the graph, and a replay reads seed and offset
    from it. A seed set before a replay therefore holds for it, as for the same operations one by one.
    """
    with torch.cuda.device(device):
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Adam says that it is not being captured yet
            for _ in range(WARM_UP):
                work()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with capturing_told(), torch.cuda.graph(graph, stream=stream):
            work()
    return graph.replay


@contextmanager
def capturing_told() -> Iterator[None]:
    """Within: an operation that no graph can hold, as RunError; what goes wrong without one, too, passes."""
    try:
        yield
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise RunError(
            f"A step could not be captured as a CUDA graph ({str(error).splitlines()[0][:120]}); give --graph off in a "
            "new --out."
        ) from error


CAPTURES: dict[str, Capture] = {"cuda": cuda_graph}
"""By type of device."""


def captured(work: Work, device: torch.device, state: Callable[[], Iterable[Tensor]]) -> Work:
    """`work`, to be replayed; everything in `state` is then as it was before, and so is the random generator.

    What the work itself adds to the state, the momenta of a first step, is set to zero, as optimizers start.

    Raises:
        RunError: when the work cannot be captured.
    """
    before = {id(tensor): tensor.detach().to("cpu", copy=True) for tensor in state()}  # where there is more room
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        replay = CAPTURES[device.type](work, device)
    with torch.no_grad():
        for tensor in state():
            if id(tensor) in before:
                tensor.copy_(before[id(tensor)])
            else:
                tensor.zero_()
    return replay


CARRIED = "images that do not lie on the device are carried there at each step"


def why_eager(graph: Graph, method: Method, device: torch.device | str, *, on_device: bool = True) -> str | None:
    """Why the steps of `method` are done operation by operation, as half a sentence; None where they are replayed.

    `on_device` is whether all images lie there, which is known once they have been placed.
    """
    if graph == "off":
        return "as --graph off asks"
    if torch.device(device).type not in CAPTURES:
        return f"there are no CUDA graphs on {device}"
    if method.eager_because is not None:
        return method.eager_because
    if method.refresh_every is not None:
        return "the method sees whole domains between steps"
    if distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1:
        return "several processes train together"
    return None if on_device else CARRIED


def check_graph(graph: Graph, method: Method, device: torch.device | str) -> None:
    """Raise SettingError where a graph is asked for, and steps of `method` on `device` cannot be one."""
    reason = why_eager(graph, method, device)
    if graph == "on" and reason is not None:
        raise SettingError(f"--graph on is not possible: {reason}; give --graph auto.")
