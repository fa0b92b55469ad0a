"""What ends a training without being a mistake of the program, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from synthda.errors import RunError

OF_CPU = "DefaultCPUAllocator"
"""In what torch says when the computer's memory is too small: there it has no exception of its own."""


@contextmanager
def breakdowns_told(device: torch.device) -> Iterator[None]:
    """Within: what takes more memory than there is, and a matrix that cannot be decomposed, as RunError."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise _out_of_memory(device, "Stop what else uses it, or give --images memory and go on, or") from error
    except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
        raise RunError(
            f"A step could not decompose a matrix of features or predictions ({str(error).splitlines()[0]}): they have "
            "collapsed, or are not finite; an earlier checkpoint, if any, is kept. Try a smaller learning rate, for "
            "example --set learning_rate=0.001, in a new --out."
        ) from error
    except MemoryError as error:  # NumPy's
        raise _out_of_memory(device, "Stop what else uses it and go on, or give") from error
    except RuntimeError as error:  # of which LinAlgError is one
        if OF_CPU not in str(error):
            raise
        raise _out_of_memory(device, "Stop what else uses it and go on, or give") from error


def _out_of_memory(device: torch.device, advice: str) -> RunError:
    return RunError(
        f"The training needs more memory than {device} has free; the last checkpoint, if any, is kept. {advice} "
        "smaller batches, such as --set source_batch=16 --set target_batch=16, in a new --out."
    )
