"""How much memory is free: of the machine, within what its container may take, and of a device."""

from __future__ import annotations

import os
from pathlib import Path

import torch

CGROUPS = Path("/sys/fs/cgroup")
LEAST_LEFT = 1 << 30


def free_memory(cgroups: Path = CGROUPS, meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """Bytes that this process may still take without pushing another out; None where the system does not say.

    Processes of one training on this machine, as torchrun counts them, have an equal part each.
    """
    known = [_of_system(meminfo), *(_of_container(cgroups, *names) for names in _LIMITS)]
    free = min((free for free in known if free is not None), default=None)
    return None if free is None else free // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def free_on(device: torch.device) -> int | None:
    """Bytes free on a GPU, with those that torch holds and does not use; None for a device that shares the memory."""
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def for_images(free: int | None) -> int | None:
    """What of it images may take: a quarter, at least 1 GiB, stays for the network and all else."""
    return None if free is None else max(0, free - max(LEAST_LEFT, free // 4))


_LIMITS = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
)
"""Of control groups, version 2 and 1: the limit, what is taken, and how much of that is cache that can go."""


def _of_system(meminfo: Path) -> int | None:
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text(encoding="ascii").splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _of_container(root: Path, limit: str, taken: str, stat: str, cache: str) -> int | None:
    try:
        most, used = (int((root / name).read_text(encoding="ascii")) for name in (limit, taken))
        counts = dict(line.split() for line in (root / stat).read_text(encoding="ascii").splitlines())
        return max(0, most - used + int(counts.get(cache, 0)))
    except (OSError, ValueError):  # no limit reads "max"
        return None
