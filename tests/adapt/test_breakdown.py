"""What is told in a sentence where memory is too small, and what is left to be a traceback."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch
from toy import blueprint, train_toy

from synthda.adapt import checkpoint
from synthda.adapt.breakdown import OF_DEVICE, breakdowns_told, is_out_of_memory, scoring_told
from synthda.adapt.checkpoint import load_checkpoint
from synthda.adapt.run import Run
from synthda.errors import RunError

CPU, GPU = torch.device("cpu"), torch.device("cuda")
OF_COMPUTER = [MemoryError("Unable to allocate 9 GiB"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
ON_GPU = [torch.OutOfMemoryError("CUDA out of memory.\nTried to …"), *(RuntimeError(f"{said}!") for said in OF_DEVICE)]


def told(within: AbstractContextManager[None], error: Exception) -> None:
    with within:
        raise error


@pytest.mark.parametrize("error", ON_GPU, ids=str)
def test_on_a_gpu_it_is_said_how_to_take_less_of_it(error: RuntimeError) -> None:
    with pytest.raises(RunError, match=r"more memory than cuda has free; .*--images memory and go on, or") as caught:
        told(breakdowns_told(GPU), error)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("error", OF_COMPUTER, ids=str)
@pytest.mark.parametrize("device", [CPU, GPU], ids=str)
def test_the_computer_s_own_memory_is_called_that_on_a_gpu_too(error: Exception, device: torch.device) -> None:
    with pytest.raises(RunError, match=r"more memory than this computer has free; .* and go on, or give smaller"):
        told(breakdowns_told(device), error)


@pytest.mark.parametrize("error", [*OF_COMPUTER, *ON_GPU], ids=str)
def test_after_a_training_it_is_said_that_this_is_kept(error: Exception) -> None:
    with pytest.raises(RunError, match=r"has ended and is kept, .* give the same command again") as caught:
        told(scoring_told(GPU), error)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("within", [breakdowns_told, scoring_told])
def test_a_mistake_of_the_program_passes(within: Callable[[torch.device], AbstractContextManager[None]]) -> None:
    assert not is_out_of_memory(ValueError("CUDA error: out of memory"))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        told(within(CPU), RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), "too little free memory to load"),
        (MemoryError(), "too little free memory to load"),
        (PermissionError(13, "Permission denied"), r"cannot be read \(Permission denied\)"),
        (OSError(5, "Input/output error"), r"cannot be read \(Input/output error\)"),
    ],
)
def test_a_checkpoint_that_is_good_is_not_called_damaged(
    error: Exception, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method, run = train_toy(blueprint(steps=1), Run(tmp_path)), Run(tmp_path)

    def fails(*given: object, **how: object) -> object:
        raise error

    monkeypatch.setattr(checkpoint.torch, "load", fails)
    with pytest.raises(RunError, match=sentence) as caught:
        load_checkpoint(run.checkpoint, method, {})
    assert "remove" not in str(caught.value)
