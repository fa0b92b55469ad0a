"""The processes of one training: which this one is, its part of a batch, what all agree on; alone, nothing of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from synthda.errors import SettingError

if TYPE_CHECKING:
    from torch import Tensor

Found = TypeVar("Found")
LAUNCHED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun sets in the environment of each process."""


class Ranks:
    """A training by one process: every exchange is with nobody, and changes no bit.

    Attributes:
        rank: which process this is, 0…size − 1; 0 leads: it alone writes and prints.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def part(self, before: int = 0) -> slice:
        """Of the places of a list, those of this process: every `size`-th; so many places lie `before` the list's."""
        return slice((self.rank - before) % self.size, None, self.size)

    def combine(self, tensors: Iterable[Tensor], share: float) -> None:
        """Overwrite the tensors by their sums over the processes, each times its `share`; shares sum to 1."""

    def mean_of(self, rows: Tensor) -> Tensor:
        """(n, …) → (…): the mean over the rows of all processes."""
        return rows.mean(dim=0)

    def sum_of(self, tensor: Tensor) -> Tensor:
        """The sum over the processes, element by element."""
        return tensor

    def follow(self, tensors: Iterable[Tensor]) -> None:
        """Overwrite the tensors by those of process 0."""

    def agree(self, wish: int) -> int:
        """The largest wish of all processes."""
        return wish

    def agreement(self) -> Callable[[int], int]:
        """As `agree`, for a wish each step: nobody waits, and what is given is agreed on one step later."""
        return self.agree

    def first(self, act: Callable[[], object]) -> None:
        """Have process 0 alone act, while the others wait; a SynthdaError of it is raised in all."""
        act()

    def in_turn(self, act: Callable[[], Found]) -> Found:
        """What acting gives, each process for itself: the first one first, and the others find what it has made."""
        found: list[Found] = []
        self.first(lambda: found.append(act()) if self.leads else None)
        return found[0] if found else act()

    def require_alike(self, value: str, what: str) -> None:
        """Raise RunError where the processes differ in `value`; `what` says what that is."""


ALONE = Ranks()


def started_together() -> bool:
    """Whether torchrun, or something that sets the same variables, has started several processes."""
    return all(name in os.environ for name in LAUNCHED) and int(os.environ["WORLD_SIZE"]) > 1


def is_silent() -> bool:
    """Whether another process speaks for this one."""
    return started_together() and os.environ["RANK"] != "0"


def whose_words() -> str:
    """Which process an error message comes from, where it is not the first of several."""
    return f" (rank {os.environ['RANK']})" if is_silent() else ""


def own_device(name: str, gpus: int) -> str:
    """The device of this process on a machine with so many GPUs: each takes one of its own.

    Raises:
        SettingError: when `name` is one device for all, or there are fewer GPUs than processes.
    """
    if name == "auto":
        name = "cuda" if gpus else "cpu"
    if name == "cpu":
        return name
    if name != "cuda":
        raise SettingError(f"--device {name} is one device for several processes; give cuda, cpu or auto.")
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if local >= gpus:
        asked = os.environ.get("LOCAL_WORLD_SIZE", str(local + 1))
        raise SettingError(
            f"{asked} processes were started on a machine with {gpus} GPUs; give --nproc-per-node {max(gpus, 1)}, or "
            "--device cpu."
        )
    return f"cuda:{local}"


@contextmanager
def ranks_on(device: str) -> Iterator[Ranks]:
    """Within: the processes that train together, each on its device; a process that was started alone stays alone."""
    if not started_together():
        yield ALONE
        return
    from synthda.adapt.process_group import joined

    with joined(device) as ranks:
        yield ranks
