"""Domains that stay on disk: the same batches as of a resident one, read ahead window by window."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synthda.adapt.order import Sampler, rows_per_window
from synthda.adapt.resident import AT_ONCE, Drawn, as_floats, as_tensor, carried, empty_batch, fill_batch
from synthda.datasets.domain import StoredImages, in_blocks


class Streamed:
    """A domain's images on disk, of which two windows lie in memory, and its labels on the device."""

    def __init__(
        self,
        images: StoredImages,
        labels: NDArray[np.int64],
        batch: int,
        *,
        seed: int,
        stream: int,
        device: torch.device,
        part: slice = slice(None),
    ) -> None:
        self.images, self.device = images, device
        self.labels = as_tensor(labels).to(device)
        image_bytes = int(np.prod(images.shape[1:]))
        self.sampler = Sampler(seed, stream, len(labels), batch, part, image_bytes=image_bytes)
        self._windows = Windows(images, self.sampler, device)

    def draw(self, step: int) -> Drawn:
        """One step's: those of `Resident`. Every process reads the whole batch, and keeps its part.

        Raises:
            DataError: when a shard is missing, damaged or another than when the domain was opened.
        """
        parts = self._parts(*self.sampler.span(step))
        images, seen = self._filled(parts) if self.device.type == "cpu" else self._carried(parts)
        part = self.sampler.part
        rows = carried(torch.from_numpy(np.concatenate(seen)[part]), self.device)
        if part != slice(None):
            images = images[part].contiguous(memory_format=torch.channels_last)
        return images, self.labels.index_select(0, rows), rows

    def blocks(self) -> Iterator[Tensor]:
        """All images, (≤ AT_ONCE, H, W, 3) uint8 at once on the device, in the order of their rows."""
        return (torch.from_numpy(block).to(self.device) for block in in_blocks(self.images, AT_ONCE))

    def __iter__(self) -> Iterator[Tensor]:
        """All images, (≤ AT_ONCE, 3, H, W) float in [0, 1] at once, in the order of their rows."""
        return map(as_floats, self.blocks())

    def _parts(self, place: int, last: int) -> Iterator[tuple[Window, slice]]:
        """The windows, and what of each, from one place of the endless sequence to another; each in its turn."""
        while place < last:
            window, first = self._windows.at(place)
            part = slice(first, min(first + last - place, len(window.rows)))
            yield window, part
            place += part.stop - part.start

    def _filled(self, parts: Iterator[tuple[Window, slice]]) -> tuple[Tensor, list[NDArray[np.int64]]]:
        """Floats made at once, for the next window may be read over this one."""
        floats, seen, done = empty_batch((self.sampler.batch, *self.images.shape[1:])), [], 0
        for window, part in parts:
            seen.append(window.rows[part])
            fill_batch(floats[done : done + len(seen[-1])], window.pixels[part])
            done += len(seen[-1])
        return floats.permute(0, 3, 1, 2), seen

    def _carried(self, parts: Iterator[tuple[Window, slice]]) -> tuple[Tensor, list[NDArray[np.int64]]]:
        """Bytes copied to the device, floats made there; a window is read over when its copies have ended."""
        pixels, seen = [], []
        for window, part in parts:
            seen.append(window.rows[part])
            pixels.append(carried(window.pixels[part], self.device))
            window.slot.note_copy(self.device)
        return as_floats(torch.cat(pixels)), seen


class Slot:
    """Memory for a window, pinned where a GPU copies from it."""

    def __init__(self, shape: tuple[int, ...], device: torch.device) -> None:
        self.pixels = torch.empty(shape, dtype=torch.uint8, pin_memory=device.type == "cuda")
        self._copied: torch.cuda.Event | None = None

    def note_copy(self, device: torch.device) -> None:
        """A copy from here has been asked of the GPU."""
        if device.type == "cuda":
            self._copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._copied.record(torch.cuda.current_stream(device))

    def wait(self) -> None:
        """Until every copy from here has ended."""
        if self._copied is not None:
            self._copied.synchronize()


@dataclass(frozen=True, eq=False)
class Window:
    """Rows that are seen one after another, with their pixels (len(rows), H, W, 3) in a slot."""

    rows: NDArray[np.int64]
    pixels: Tensor
    slot: Slot


class Windows:
    """The windows of all epochs, numbered through: the one that is asked for, and the next, which a thread reads."""

    def __init__(self, images: StoredImages, sampler: Sampler, device: torch.device) -> None:
        self.images, self.sampler = images, sampler
        self.size = min(rows_per_window(sampler.image_bytes), sampler.n)
        self.an_epoch = -(-sampler.n // self.size)
        self._slots = [Slot((self.size, *images.shape[1:]), device) for _ in range(2)]
        self._held: dict[int, tuple[int, Future[Window]]] = {}
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="synthda-reader")  # it alone asks for orders

    def at(self, place: int) -> tuple[Window, int]:
        """The window in which a place of the endless sequence lies, and where; what the last one held is gone then."""
        epoch, within = divmod(place, self.sampler.n)
        number = epoch * self.an_epoch + within // self.size
        found = self._asked_for(number)
        self._asked_for(number + 1)
        return found.result(), within % self.size

    def _asked_for(self, number: int) -> Future[Window]:
        """The window, of which the reader was told before or is told now; its slot is that of the last but one."""
        held = self._held.get(number % 2)
        if held is None or held[0] != number:
            held = self._held[number % 2] = (number, self._reader.submit(self._read, number))
        return held[1]

    def _read(self, number: int) -> Window:
        slot = self._slots[number % 2]
        slot.wait()
        epoch, index = divmod(number, self.an_epoch)
        rows = self.sampler.epoch(epoch)[index * self.size : (index + 1) * self.size]
        pixels = slot.pixels[: len(rows)]
        self.images.read_into(pixels.numpy(), rows)
        return Window(rows, pixels, slot)
