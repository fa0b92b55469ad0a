"""Where the images of a run lie: on the device, in memory, or on disk, from where they are streamed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from synthda.adapt.free_memory import for_images, free_memory, free_on
from synthda.adapt.resident import Loaded, Resident
from synthda.adapt.streamed import Streamed
from synthda.datasets.domain import ArrayImages, Images, StoredImages
from synthda.errors import SettingError

Place = Literal["device", "memory", "stream"]
Placement = Literal["auto", "device", "memory", "stream"]


@dataclass(frozen=True, eq=False)
class Wanted:
    """A domain that a run draws from: `batch` images a step, in the order of `stream`, of which `part` are wanted.

    With `balanced`, each class comes equally often; no order of windows is so, and the images cannot be streamed.
    """

    name: str
    images: Images
    labels: NDArray[np.int64]
    batch: int
    stream: int
    part: slice = field(default_factory=lambda: slice(None))
    balanced: bool = False

    @property
    def bytes(self) -> int:
        return int(np.prod(self.images.shape))

    @property
    def streams(self) -> bool:
        """Whether they may stay on disk."""
        return isinstance(self.images, StoredImages) and not self.balanced

    def __str__(self) -> str:
        return f"{self.name}, {len(self.labels):,} images, {_gigabytes(self.bytes)},"


def load(
    wanted: Sequence[Wanted],
    *,
    seed: int,
    device: torch.device,
    placement: Placement = "auto",
    tell: Callable[[str], None] = lambda line: None,
) -> list[Loaded]:
    """Each domain where it fits; what is drawn does not depend on it.

    Args:
        wanted: the domains.
        seed: of the order of images.
        device: where batches are wanted.
        placement: `auto` for the first of device, memory and disk that has room; else as `places`.
        tell: is given a line for each domain that does not lie on the device.

    Raises:
        SettingError: when a placement is asked for that has no room, or there is none for what cannot be streamed.
    """
    found = places(wanted, device, placement)
    for one in wanted:
        if placement == "stream" and one.balanced and isinstance(one.images, StoredImages):
            tell(f"{one} is not streamed: balanced batches need all of it.")
    why = f"{_gigabytes(free_memory())} of memory are free"
    if free_on(device) is not None:
        why += f", {_gigabytes(free_on(device))} on {device}"
    why = why if placement == "auto" else f"asked for by --images {placement}"
    return [
        _loaded(one, place, seed=seed, device=device, tell=lambda line: tell(f"{line} ({why})."))
        for one, place in zip(wanted, found, strict=True)
    ]


def places(wanted: Sequence[Wanted], device: torch.device, placement: Placement = "auto") -> list[Place]:
    """Where each domain is to lie: small ones first take the room of the device, then that of the memory.

    A CPU's device is the memory. Images that lie in memory already take no more of it, and cannot be streamed: where
    `stream` is asked for they are placed as by `auto`.

    Raises:
        SettingError: when `device` or `memory` is asked for and has less room than all need, or balanced images, which
            are not streamed, have none.
    """
    shared = free_on(device) is None
    free: dict[Place, int | None] = {"device": free_memory()}
    if not shared:
        free = {"device": free_on(device), "memory": free_memory()}

    def needs(one: Wanted, place: Place) -> int:
        there = isinstance(one.images, ArrayImages) and (shared or place == "memory")
        return 0 if there else one.bytes

    if placement in ("device", "memory"):
        place: Place = "device" if shared else placement
        _refuse_more(sum(needs(one, place) for one in wanted), free[place], placement)
        return [place] * len(wanted)
    room = {place: for_images(bytes_free) for place, bytes_free in free.items()}
    found: dict[int, Place] = {}
    for index, one in sorted(enumerate(wanted), key=lambda item: item[1].bytes):
        fitting = [place for place, left in room.items() if left is None or needs(one, place) <= left]
        fitting = [] if placement == "stream" and one.streams else fitting
        if not fitting and one.balanced and isinstance(one.images, StoredImages):
            raise SettingError(f"{one} has no room, and balanced batches are not streamed; leave out balanced=true.")
        found[index] = fitting[0] if fitting else "stream" if one.streams else list(room)[-1]
        left = room.get(found[index])
        if left is not None:
            room[found[index]] = left - needs(one, found[index])
    return [found[index] for index in range(len(wanted))]


def _refuse_more(bytes_needed: int, bytes_free: int | None, placement: Placement) -> None:
    if bytes_free is not None and bytes_needed > bytes_free:
        raise SettingError(
            f"--images {placement} needs {_gigabytes(bytes_needed)}, and {_gigabytes(bytes_free)} are free; give "
            "--images auto, which streams shards that do not fit."
        )


def _loaded(
    one: Wanted, place: Place, *, seed: int, device: torch.device, tell: Callable[[str], None]
) -> Resident | Streamed:
    asked: dict[str, Any] = {"seed": seed, "stream": one.stream, "device": device, "part": one.part}
    drawn = partial(Resident, one.images, one.labels, one.batch, balanced=one.balanced, **asked)
    if place == "device":
        try:
            return drawn()
        except torch.OutOfMemoryError:  # somebody else took what was free
            torch.cuda.empty_cache()
            place = "stream" if one.streams else "memory"
    if isinstance(one.images, StoredImages) and place == "stream":
        tell(f"{one} is streamed from its shards")
        return Streamed(one.images, one.labels, one.batch, **asked)
    tell(f"{one} lies in memory")
    return drawn(home=torch.device("cpu"))


def _gigabytes(count: int | None) -> str:
    return "an unknown part" if count is None else f"{count / 1e9:.2f} GB"
