"""What ends a training without being a mistake of the program, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from synthda.errors import RunError

OF_MEMORY = "DefaultCPUAllocator"
"""In what torch says when the computer's memory is too small: there it has no exception of its own."""

OF_DEVICE = (
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "MPS backend out of memory",
)
"""In what libraries say beside torch's own allocator when a device's memory is too small."""


@contextmanager
def breakdowns_told(device: torch.device) -> Iterator[None]:
    """Within: what takes more memory than there is, and a matrix that cannot be decomposed, as RunError."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            raise _out_of_memory(error, device) from error
        if not isinstance(error, torch.linalg.LinAlgError):  # type: ignore[attr-defined]
            raise
        raise RunError(
            f"A step could not decompose a matrix of features or predictions ({str(error).splitlines()[0]}): they have "
            "collapsed, or are not finite; an earlier checkpoint, if any, is kept. Try a smaller learning rate, for "
            "example --set learning_rate=0.001, in a new --out."
        ) from error


@contextmanager
def scoring_told(device: torch.device) -> Iterator[None]:
    """Within, once a training has ended: what takes more memory than there is, as RunError."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise RunError(
            f"The training has ended and is kept, but its score needs more memory than {_where(error, device)} has "
            "free. Stop what else uses it, and give the same command again."
        ) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was too small, the computer's or a device's, in whatever words."""
    return _is_of_memory(error) or isinstance(error, torch.OutOfMemoryError) or _says(error, *OF_DEVICE)


def _is_of_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or _says(error, OF_MEMORY)  # NumPy's, torch's


def _says(error: BaseException, *texts: str) -> bool:
    return isinstance(error, RuntimeError) and any(text in str(error) for text in texts)


def _where(error: BaseException, device: torch.device) -> str:
    return "this computer" if device.type == "cpu" or _is_of_memory(error) else str(device)


def _out_of_memory(error: BaseException, device: torch.device) -> RunError:
    where = _where(error, device)
    advice = ", or give --images memory and go on, or" if where == str(device) else " and go on, or give"
    return RunError(
        f"The training needs more memory than {where} has free; the last checkpoint, if any, is kept. Stop what else "
        f"uses it{advice} smaller batches, such as --set source_batch=16 --set target_batch=16, in a new --out."
    )
