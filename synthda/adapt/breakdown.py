"""What ends a training without being a mistake of the program, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from synthda.errors import RunError


@contextmanager
def breakdowns_told(device: torch.device) -> Iterator[None]:
    """Within: what a step takes more memory for than there is, and a matrix that cannot be decomposed, as RunError."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise RunError(
            f"A step needs more memory than {device} has free; the last checkpoint, if any, is kept. Stop what else "
            "uses it, or give --images memory and go on, or smaller batches, such as --set source_batch=16 --set "
            "target_batch=16, in a new --out."
        ) from error
    except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
        raise RunError(
            f"A step could not decompose a matrix of features or predictions ({str(error).splitlines()[0]}): they have "
            "collapsed, or are not finite; an earlier checkpoint, if any, is kept. Try a smaller learning rate, for "
            "example --set learning_rate=0.001, in a new --out."
        ) from error
