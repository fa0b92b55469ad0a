"""Several processes that train together, over torch.distributed: NCCL between GPUs, gloo otherwise."""

from __future__ import annotations

import datetime
import re
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from synthda.adapt.ranks import Ranks
from synthda.errors import RunError, SynthdaError

BUCKET = 25 * 2**20
"""Bytes that are exchanged at once: as DistributedDataParallel's, enough to fill a network."""
STEP = datetime.timedelta(minutes=10)
"""How long a step waits for a process that does not answer, though it lives."""
WAIT = datetime.timedelta(days=1)
"""How long the others wait while process 0 scores and exports."""

PLACE = re.compile(r"^\[[^]]*\] ")
"""Of gloo's source code, at the head of what it says."""


class Several(Ranks):
    """One of several processes. Tensors go over the default group, words and wishes over groups of CPUs.

    That nobody answers is told by a RunError: the run is resumed from its last checkpoint.
    """

    def __init__(self) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        # Of its own: the host asks for wishes at each step, which must not wait for what the GPU has still to do.
        self._words, self._waiting = _on_cpus(STEP), _on_cpus(WAIT)

    def combine(self, tensors: Iterable[Tensor], share: float) -> None:
        for bucket in _buckets(tensors):
            flat = torch.cat([tensor.reshape(-1) for tensor in bucket]).mul_(share)
            with _loss_told():
                dist.all_reduce(flat)
            sizes = [tensor.numel() for tensor in bucket]
            for tensor, combined in zip(bucket, torch.split(flat, sizes), strict=True):
                tensor.copy_(combined.view_as(tensor))

    def mean_of(self, rows: Tensor) -> Tensor:
        total = self.sum_of(torch.cat([rows.sum(dim=0).reshape(-1), rows.new_full((1,), len(rows))]))
        mean: Tensor = (total[:-1] / total[-1]).view(rows.shape[1:])
        return mean

    def sum_of(self, tensor: Tensor) -> Tensor:
        total = tensor.contiguous().clone()
        with _loss_told():
            dist.all_reduce(total)
        return total

    def follow(self, tensors: Iterable[Tensor]) -> None:
        for tensor in tensors:
            if tensor.numel() == 0:
                continue
            theirs = tensor.contiguous()
            with _loss_told():
                dist.broadcast(theirs, src=0)
            tensor.copy_(theirs)

    def agree(self, wish: int) -> int:
        return _answer(*self._asked(wish))

    def agreement(self) -> Callable[[int], int]:
        open_question: list[tuple[Tensor, Any]] = []

        def agreed(wish: int) -> int:
            open_question.append(self._asked(wish))
            return _answer(*open_question.pop(0)) if len(open_question) > 1 else 0

        return agreed

    def first(self, act: Callable[[], object]) -> None:
        failed: SynthdaError | None = None
        if self.leads:
            try:
                act()
            except SynthdaError as error:
                failed = error
        with _loss_told():
            dist.barrier(group=self._waiting)
        told = self._of_first("" if failed is None else str(failed))
        if told:
            raise failed or RunError(told)

    def require_alike(self, value: str, what: str) -> None:
        if self.agree(int(value != self._of_first(value))):
            raise RunError(
                f"The processes of this training differ in {what}; give all of them the same command, data and "
                "versions, and --out on a disk that they share."
            )

    def _asked(self, wish: int) -> tuple[Tensor, Any]:
        flag = torch.tensor([wish], dtype=torch.int64)
        with _loss_told():
            return flag, dist.all_reduce(flag, op=dist.ReduceOp.MAX, group=self._words, async_op=True)

    def _of_first(self, text: str) -> str:
        """Process 0's text, as bytes in a tensor: nothing is unpickled."""
        own = text.encode()
        length = torch.tensor([len(own)], dtype=torch.int64)
        with _loss_told():
            dist.broadcast(length, src=0, group=self._words)
            content = torch.zeros(int(length), dtype=torch.uint8)
            if self.leads and own:
                content = torch.frombuffer(bytearray(own), dtype=torch.uint8)
            if content.numel():
                dist.broadcast(content, src=0, group=self._words)
        return bytes(content.tolist()).decode()


@contextmanager
def joined(device: str) -> Iterator[Several]:
    """Within: this process is one of those that torchrun has started, with `device` for its own."""
    on_gpu = torch.device(device).type == "cuda"
    if on_gpu:
        torch.cuda.set_device(device)
    with _loss_told():
        dist.init_process_group("nccl" if on_gpu else "gloo", timeout=STEP)
        ranks = Several()
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield ranks
    except BaseException:
        # torchrun ends the others by SIGTERM, and passes Ctrl-C on a second time: neither is to cut off the last words.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise
    else:
        signal.signal(signal.SIGTERM, before)
    finally:
        with suppress(RuntimeError):
            dist.destroy_process_group()


def _on_cpus(timeout: datetime.timedelta) -> dist.ProcessGroup:
    group = dist.new_group(backend="gloo", timeout=timeout)
    assert isinstance(group, dist.ProcessGroup)
    return group


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _loss_told() -> Iterator[None]:
    """Within: what torch raises when another process is gone becomes one sentence."""
    try:
        yield
    except RuntimeError as error:
        words = PLACE.sub("", str(error)).partition(". ")[0].strip() or type(error).__name__
        raise RunError(
            f"Another process of this training has ended, or does not answer ({words.splitlines()[0][:100]}). The run "
            "is kept up to its last checkpoint; give the same torchrun command again."
        ) from error


def _answer(flag: Tensor, work: Any) -> int:
    with _loss_told():
        work.wait()
    return int(flag)


def _buckets(tensors: Iterable[Tensor]) -> Iterator[list[Tensor]]:
    """In their order, by kind of number, at most `BUCKET` bytes each, or one tensor."""
    buckets: dict[torch.dtype, list[Tensor]] = {}
    for tensor in tensors:
        bucket = buckets.setdefault(tensor.dtype, [])
        if bucket and sum(each.numel() for each in [*bucket, tensor]) * tensor.element_size() > BUCKET:
            yield bucket
            bucket = buckets[tensor.dtype] = []
        bucket.append(tensor)
    yield from buckets.values()
