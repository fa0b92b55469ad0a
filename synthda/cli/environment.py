"""What synthda runs on: versions, devices, fonts, and the traps that installations are known to hold."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from synthda import __version__
from synthda.cores import cores
from synthda.errors import SynthdaError

DISTRIBUTIONS = (
    "torch",
    "torchvision",
    "onnxruntime",
    "onnx",
    "opencv-python-headless",
    "numpy",
    "h5py",
    "pillow",
    "matplotlib",
    "scikit-learn",
)
NEEDED = (
    *("numpy", "scipy", "sklearn", "PIL", "h5py", "cv2", "matplotlib"),
    *("torch", "torchvision", "onnxruntime", "onnx", "onnxscript"),
)
OPENCV_WHEELS = ("opencv-python", "opencv-contrib-python", "opencv-python-headless", "opencv-contrib-python-headless")
LITTLE_ROOM = 5 * 10**9
"""Bytes: a domain of 50,000 images takes 0.2 GB, a data set up to 1 GB, an environment with CUDA 6 GB."""


@dataclass(frozen=True)
class Trap:
    """What is wrong or might go wrong, and its remedy; `broken` when synthda does not work with it."""

    what: str
    fix: str
    level: Literal["broken", "warning", "note"] = "warning"


def versions() -> dict[str, str]:
    """Versions of Python, synthda and the libraries it stands on."""
    found = {"python": platform.python_version(), "synthda": __version__}
    return found | {name: _version(name) or "not installed" for name in DISTRIBUTIONS}


def devices() -> dict[str, Any]:
    """What networks can be trained and run on."""
    found: dict[str, Any] = {"cpu": f"{platform.machine()}, {cores()} logical cores"}
    try:
        import torch

        found["torch threads"] = torch.get_num_threads()
        found["cuda"] = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
        found["mps"] = torch.backends.mps.is_available()
    except (ImportError, RuntimeError, OSError):
        pass  # told by `traps`
    try:
        import onnxruntime

        found["onnx providers"] = list(onnxruntime.get_available_providers())
    except (ImportError, RuntimeError, OSError):
        pass
    return found


def fonts() -> dict[str, int]:
    """Faces that SynNumbers can draw from, and how many of them come with matplotlib."""
    from synthda.synth.fonts import find_fonts

    try:
        found = find_fonts()
    except (SynthdaError, ImportError):
        return {"found": 0, "from matplotlib": 0}
    return {"found": len(found), "from matplotlib": sum("mpl-data" in font.path.parts for font in found)}


def traps(data_root: Path | None = None) -> list[Trap]:
    """Everything that is known to go wrong and does here, what is broken first; `data_root` is what was asked for."""
    found = [*_imports(), *_wheels(), *_gpu(), *_places(data_root)]
    return sorted(found, key=lambda trap: ("broken", "warning", "note").index(trap.level))


def _imports() -> Iterator[Trap]:
    for name in NEEDED:
        try:
            importlib.import_module(name)
        except (ImportError, RuntimeError, OSError, AttributeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            yield Trap(f"{name} cannot be imported ({reason})", _remedy(name, reason), "broken")


def _remedy(name: str, reason: str) -> str:
    if name == "torchvision" or "torchvision::" in reason:
        return "torch and torchvision are of different releases: pip install --upgrade torch torchvision, both at once"
    if name == "cv2":
        return "pip install --force-reinstall opencv-python-headless"
    return "install synthda again into a new virtual environment: pip install synthda"


def _wheels() -> Iterator[Trap]:
    installed = [name for name in OPENCV_WHEELS if _version(name)]
    if len(installed) > 1:
        yield Trap(
            f"{' and '.join(installed)} write over each other's files",
            f"pip uninstall -y {' '.join(installed)}, then: pip install opencv-python-headless",
        )
    if _version("onnxruntime") and _version("onnxruntime-gpu"):
        yield Trap(
            "onnxruntime and onnxruntime-gpu write over each other's files",
            "pip uninstall -y onnxruntime onnxruntime-gpu, then install the one you want",
        )
    if _version("albumentations") and not os.environ.get("NO_ALBUMENTATIONS_UPDATE"):
        yield Trap(
            "albumentations asks the network for its newest version at each start",
            "set the environment variable NO_ALBUMENTATIONS_UPDATE=1",
            "note",
        )


def _gpu() -> Iterator[Trap]:
    try:
        import torch
    except (ImportError, RuntimeError, OSError):
        return
    if shutil.which("nvidia-smi") and not torch.cuda.is_available():
        built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"
        yield Trap(
            f"there is an NVIDIA driver, but this torch ({built}) finds no device",
            "install the torch build that pytorch.org/get-started names for your driver; training works on the CPU",
        )


def _places(data_root: Path | None) -> Iterator[Trap]:
    from synthda.datasets.specs import data_root_or_default

    searched = data_root_or_default(data_root)
    if data_root is None and not os.environ.get("SYNTHDA_DATA"):
        yield Trap(
            f"SYNTHDA_DATA is not set: named data sets are looked for in {searched}",
            "set it to the folder of your data sets, or give --data-root",
            "note",
        )
    elif not searched.is_dir():
        named = "SYNTHDA_DATA" if data_root is None else "--data-root"
        yield Trap(f"{named} names {searched}, which does not exist", "make the folder, or name another")
    free = shutil.disk_usage(Path.cwd()).free
    if free < LITTLE_ROOM:
        yield Trap(f"the disk of {Path.cwd()} has {free / 1e9:.1f} GB left", "free some, or work on another disk")


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
