"""What a measurement was made on."""

from __future__ import annotations

import os
import platform
from typing import Any

import torch

from synthda.manifest import provenance


def machine(*more: str) -> dict[str, Any]:
    """Processor, threads, versions, of the distributions `more` too, and the commit that the figures come from."""
    made = provenance("torch", "numpy", "onnxruntime", "h5py", "pillow", "opencv-python-headless", *more)
    del made["command"]  # it holds paths of the machine that measured
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        **made,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
