"""Checkpoints: tensors and plain numbers, loaded with `weights_only`, so that no file can carry code."""

from __future__ import annotations

import errno
import io
import pickle
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch.optim import Optimizer

from synthda.adapt.breakdown import is_out_of_memory
from synthda.adapt.method import Method
from synthda.errors import RunError
from synthda.manifest import written_then_named

DAMAGE = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, pickle.UnpicklingError),
    *(RuntimeError, KeyError, IndexError, TypeError, ValueError, AttributeError),
)
"""What reading a damaged or foreign file raises, from the archive down to the tensors.

Some of it is raised of good files, too: `refuse_unreadable` comes first.
"""


def save_checkpoint(
    path: Path, method: Method, optimizers: Mapping[str, Optimizer], step: int, configuration: str
) -> None:
    """Write the state after `step` updates, whole or not at all; `configuration` is the run's fingerprint."""
    state = {
        "step": step,
        "configuration": configuration,
        "method": method.state_dict(),
        "optimizers": {name: optimizer.state_dict() for name, optimizer in optimizers.items()},
    }
    content = io.BytesIO()  # a full disk is an OSError when Python writes, a riddle about positions when torch does
    torch.save(state, content)
    with written_then_named(path) as partial:
        partial.write_bytes(content.getbuffer())


def load_checkpoint(
    path: Path, method: Method, optimizers: Mapping[str, Optimizer], configuration: str | None = None
) -> int:
    """Load the state into `method` and `optimizers`; returns the number of updates it has had.

    Raises:
        RunError: when the file is damaged, carries code, cannot be read, needs more memory than there is, or belongs to
            another configuration.
    """
    try:
        with zipfile.ZipFile(path) as archive:  # torch itself reads over a flipped bit
            if archive.testzip() is not None:
                raise ValueError("its checksums do not match")
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if configuration is not None and state["configuration"] != configuration:
            raise RunError(
                f"{path} belongs to a run of another configuration; remove the run's folder, or give --force, to start "
                "anew."
            )
        method.load_state_dict(state["method"])
        for name, optimizer in optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        return int(state["step"])
    except FileNotFoundError as error:
        raise RunError(f"{path} does not exist; the run has no checkpoint yet.") from error
    except (*DAMAGE, MemoryError) as error:
        refuse_unreadable(path, error)
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise RunError(
            f"{path} is no checkpoint of this configuration, or damaged ({reason}); remove the run's folder, or "
            "give --force, to start anew."
        ) from error


def refuse_unreadable(path: Path, error: Exception) -> None:
    """Raise RunError where what reading a file has raised is no sign of damage: nobody is to remove it."""
    if is_out_of_memory(error):
        raise RunError(
            f"There is too little free memory to load {path}; stop what else uses it, and give the same command again."
        ) from error
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EIO):
        raise RunError(
            f"{path} cannot be read ({error.strerror}); see to that, and give the same command again."
        ) from (error)
