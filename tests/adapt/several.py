"""Two processes that train together, forked from a test: what torchrun starts, without its ten seconds."""

from __future__ import annotations

import io
import multiprocessing
import os
import socket
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import torch

from synthda.adapt.ranks import Ranks, ranks_on

PATIENCE = 60.0
"""Seconds."""


def together(work: Callable[[Ranks], Any], size: int = 2) -> list[Any]:
    """What `work` gives in each of `size` processes: tensors, numbers, texts; or the name and words of its error."""
    fork = multiprocessing.get_context("fork")  # torch is imported already, and what the test has made is there
    port, pipes, children = _free_port(), [], []
    for rank in range(size):
        ours, theirs = fork.Pipe(duplex=False)
        place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        child = fork.Process(target=_child, args=(work, {name: str(value) for name, value in place.items()}, theirs))
        child.start()
        theirs.close()
        pipes.append(ours)
        children.append(child)
    try:
        return [_received(pipe) for pipe in pipes]
    finally:
        for child in children:
            child.join(PATIENCE)
            child.kill()


def _child(work: Callable[[Ranks], Any], place: dict[str, str], pipe: Connection) -> None:
    os.environ |= place
    found = io.BytesIO()
    try:
        with ranks_on("cpu") as ranks:
            torch.save(work(ranks), found)
    except BaseException as error:
        traceback.print_exc()
        torch.save(f"{type(error).__name__}: {error}", found)
    pipe.send_bytes(found.getvalue())
    pipe.close()


def _received(pipe: Connection) -> Any:
    if not pipe.poll(PATIENCE):
        raise TimeoutError("a process does not answer")
    try:
        return torch.load(io.BytesIO(pipe.recv_bytes()), weights_only=True)
    except EOFError:
        return "killed"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
