"""Where images lie: the first place with room, small domains first; what is asked for is done or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from stored import noise, stored

from synthda.adapt import placement
from synthda.adapt.free_memory import for_images, free_memory
from synthda.adapt.placement import Wanted, load, places
from synthda.adapt.resident import Resident
from synthda.adapt.streamed import Streamed
from synthda.datasets.domain import ArrayImages
from synthda.errors import SettingError

CPU, GPU = torch.device("cpu"), torch.device("cuda")
GIB = 1 << 30


class OnDisk:
    """Images of which only the size is asked."""

    def __init__(self, gib: float) -> None:
        self.shape = (int(gib * GIB) // 3072, 32, 32, 3)

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        raise AssertionError

    def read_into(self, images: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
        raise AssertionError


def wanted(*gib: float) -> list[Wanted]:
    labels = np.zeros(1, np.int64)
    return [Wanted(str(size), OnDisk(size), labels, 1, stream) for stream, size in enumerate(gib)]


def room(monkeypatch: pytest.MonkeyPatch, *, memory: float | None, device: float | None) -> None:
    """So many GiB are free."""
    monkeypatch.setattr(placement, "free_memory", lambda: None if memory is None else int(memory * GIB))
    monkeypatch.setattr(placement, "free_on", lambda device_: None if device is None else int(device * GIB))


def test_a_quarter_and_at_least_a_gibibyte_stays_free() -> None:
    assert [for_images(free) for free in (None, GIB // 2, 2 * GIB, 40 * GIB)] == [None, 0, GIB, 30 * GIB]


@pytest.mark.parametrize(
    ("sizes", "memory", "device", "found"),
    [
        ((2, 3), 8, None, ["device", "device"]),  # 6 GiB for images
        ((3, 4), 8, None, ["device", "stream"]),
        ((7, 4), 8, None, ["stream", "device"]),  # the small one first
        ((3, 3), 8, 80, ["device", "device"]),
        ((5, 4), 8, 6, ["memory", "device"]),  # 4.5 GiB of the device
        ((9, 4), 8, 6, ["stream", "device"]),
        ((5, 5), 8, 6, ["memory", "stream"]),
        ((50,), None, None, ["device"]),  # the system does not say
    ],
)
def test_each_domain_lies_in_the_first_place_with_room(
    sizes: tuple[float, ...],
    memory: float | None,
    device: float | None,
    found: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room(monkeypatch, memory=memory, device=device)
    assert places(wanted(*sizes), CPU if device is None else GPU) == found


def test_images_in_memory_need_no_more_of_it_and_are_not_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    images = ArrayImages(np.zeros((1, 32, 32, 3), np.uint8))
    there = Wanted("photos", images, np.zeros(1, np.int64), 1, 0)
    room(monkeypatch, memory=0, device=None)
    assert places([there], CPU) == ["device"]
    assert places([there], CPU, "stream") == ["device"]
    room(monkeypatch, memory=0, device=0)
    assert places([there], GPU) == ["memory"]


def test_a_place_that_is_asked_for_is_taken_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    room(monkeypatch, memory=8, device=4)
    assert places(wanted(3), GPU, "device") == ["device"]  # although less than a quarter stays
    assert places(wanted(3), GPU, "memory") == ["memory"]
    assert places(wanted(3), GPU, "stream") == ["stream"]
    with pytest.raises(
        SettingError, match=r"--images device needs 5\.37 GB, and 4\.29 GB are free; give --images auto"
    ):
        places(wanted(3, 2), GPU, "device")
    room(monkeypatch, memory=4, device=None)
    with pytest.raises(SettingError, match="--images memory needs"):
        places(wanted(5), CPU, "memory")


def test_streaming_says_so_and_lying_on_the_device_says_nothing(tmp_path: Path) -> None:
    found = stored(noise(300), tmp_path)
    one = [Wanted("noise", found.images, found.labels, 8, 0)]
    told: list[str] = []
    (loaded,) = load(one, seed=0, device=CPU, tell=told.append)
    assert isinstance(loaded, Resident)
    assert told == []
    (loaded,) = load(one, seed=0, device=CPU, placement="stream", tell=told.append)
    assert isinstance(loaded, Streamed)
    assert told == ["noise, 300 images, 0.00 GB, is streamed from its shards (asked for by --images stream)."]


def test_balanced_images_are_not_streamed_which_is_said_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, told = stored(noise(300), tmp_path), list[str]()
    one = Wanted("noise", found.images, found.labels, 8, 0, balanced=True)
    (loaded,) = load([one], seed=0, device=CPU, placement="stream", tell=told.append)
    assert isinstance(loaded, Resident)
    assert told == ["noise, 300 images, 0.00 GB, is not streamed: balanced batches need all of it."]
    room(monkeypatch, memory=1, device=None)  # all of it is for the network
    with pytest.raises(SettingError, match="has no room, and balanced batches are not streamed"):
        places([one], CPU)


def test_a_device_that_is_full_after_all_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object, home: torch.device | None = None, **named: object) -> Resident:
        if home is None:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return Resident(*given, home=home, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(placement, "Resident", full)
    found, told = stored(noise(300), tmp_path), list[str]()
    kept = Wanted("kept", ArrayImages(found.images.read(np.arange(300))), found.labels, 8, 1)
    pair = [Wanted("noise", found.images, found.labels, 8, 0), kept]
    streamed, resident = load(pair, seed=0, device=CPU, tell=told.append)
    assert isinstance(streamed, Streamed)
    assert isinstance(resident, Resident)
    assert "is streamed" in told[0]
    assert "kept, 300 images, 0.00 GB, lies in memory (" in told[1]


def test_the_free_memory_is_the_least_of_the_system_s_and_the_container_s(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9000 kB\nMemAvailable:    2000 kB\n")
    assert free_memory(tmp_path, meminfo) == 2_048_000
    (tmp_path / "memory.current").write_text("900000\n")
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory(tmp_path, meminfo) == 2_048_000
    (tmp_path / "memory.max").write_text("1000000\n")
    assert free_memory(tmp_path, meminfo) == 200_000
