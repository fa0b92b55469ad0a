"""Photographs classified per second: `Classifier.of_photos` against two torchvision loops, in turn, in one run.

python -m bench.predict
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from bench.machine import machine
from bench.paths import RESULTS
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.export import export_onnx
from synthda.adapt.int8 import quantise
from synthda.adapt.network import Network
from synthda.adapt.predict import Classifier
from synthda.datasets.domain import ArrayImages, in_memory
from synthda.datasets.folders import open_folder
from synthda.manifest import write_json

SIZES = ((640, 480), (800, 600), (1024, 768), (1280, 960), (1600, 1200))
PHOTOS, QUALITY, REPEATS = 100, 88, 5
CLASSES = tuple("0123456789")
NETWORKS = {"conv-small, 32 px": ("conv-small", {}, 32), "resnet18, 224 px": ("backbone", {"model": "resnet18"}, 224)}


def photograph(index: int) -> NDArray[np.uint8]:
    """Clouds whose amplitude falls with the frequency f as f^-1.3: JPEG makes of them what it makes of photographs."""
    rng, (width, height) = np.random.default_rng([0, index]), SIZES[index % len(SIZES)]
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = np.inf
    shared = rng.standard_normal((height, width))
    channels = []
    for _ in range(3):
        noise = np.fft.rfft2(shared + 0.4 * rng.standard_normal((height, width))) / frequency**1.3
        cloud = np.fft.irfft2(noise, (height, width))
        channels.append(cloud / cloud.std() * 50 + rng.uniform(90, 160))
    levels: NDArray[np.uint8] = np.clip(np.stack(channels, axis=-1), 0, 255).astype(np.uint8)
    return levels


def write_photos(folder: Path, count: int = PHOTOS) -> None:
    folder.mkdir(parents=True)
    for index in range(count):
        Image.fromarray(photograph(index)).save(folder / f"{index:04}.jpg", quality=QUALITY)


def export(name: str, photos: Path, path: Path) -> Network:
    """Write an untrained network's ONNX file; the speed does not depend on the weights."""
    network, given, side = NETWORKS[name]
    method = Blueprint.of("source-only", network, CLASSES, given=given, input_size=(side, side)).build(pretrained=False)
    shown = as_seen(method.network, photos)
    images = shown[np.arange(256) % len(shown)]
    export_onnx(method, ArrayImages(images), path, classes=CLASSES, fit="stretch", facts={})
    return method.network.eval()


def as_seen(network: Network, photos: Path) -> NDArray[np.uint8]:
    """The photographs at the network's size, (N, H, W, 3)."""
    return in_memory(open_folder(photos, size=network.input_size).images)


@torch.no_grad()
def one_by_one(network: Network, folder: Path) -> list[int]:
    """The loop as people write it."""
    change = transforms.Compose([transforms.Resize(network.input_size), transforms.ToTensor()])
    found = []
    for path in sorted(folder.iterdir()):
        with Image.open(path) as image:
            chances = network(change(image.convert("RGB")).unsqueeze(0)).softmax(dim=1)
        found.append(int(chances.argmax()))
    return found


@torch.no_grad()
def loader(network: Network, folder: Path) -> list[int]:
    """The stronger peer: decoded by two worker processes, classified in batches of 64."""
    change = transforms.Compose([transforms.Resize(network.input_size), transforms.ToTensor()])
    found: list[int] = []
    for images, _ in DataLoader(datasets.ImageFolder(str(folder.parent), change), batch_size=64, num_workers=2):
        found += network(images).softmax(dim=1).argmax(dim=1).tolist()
    return found


def seconds(function: Callable[[], object]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def best_threads(function: Callable[[], object]) -> int:
    """Of one thread and one a core, what torch does this faster with: the peers get it."""
    took = {}
    for threads in (1, os.cpu_count() or 1):
        torch.set_num_threads(threads)
        took[threads] = seconds(function)
    return min(took, key=lambda threads: took[threads])


def measured(name: str, photos: Path, scratch: Path) -> dict[str, Any]:
    network = export(name, photos, scratch / "model.onnx")
    quantise(scratch / "model.onnx", scratch / "int8.onnx", as_seen(network, photos))
    classifier, smaller = (Classifier(scratch / file) for file in ("model.onnx", "int8.onnx"))
    loops = {
        "one by one": lambda: one_by_one(network, photos),
        "DataLoader": lambda: loader(network, photos),
        "synthda": lambda: list(classifier.of_photos(photos)),
        "synthda, 8 bits": lambda: list(smaller.of_photos(photos)),
    }
    threads = {loop: best_threads(loops[loop]) for loop in ("one by one", "DataLoader")}
    took: dict[str, list[float]] = {loop: [] for loop in loops}
    for _ in range(REPEATS):
        for loop, run in loops.items():
            torch.set_num_threads(threads.get(loop, 1))
            took[loop].append(seconds(run))
        print(name, {loop: round(PHOTOS / times[-1], 1) for loop, times in took.items()}, flush=True)
    return {
        "threads_of_torch": threads,
        "images_per_second": {loop: [PHOTOS / one for one in times] for loop, times in took.items()},
        "times_as_fast": {
            ours: {peer: ratio(took[peer], took[ours]) for peer in threads} for ours in ("synthda", "synthda, 8 bits")
        },
    }


def ratio(theirs: list[float], ours: list[float]) -> dict[str, Any]:
    """How many times as fast, repeat by repeat."""
    found = [one / other for one, other in zip(theirs, ours, strict=True)]
    return {"median": statistics.median(found), "range": [min(found), max(found)]}


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        photos = Path(scratch) / "photos" / "all"
        write_photos(photos)
        bytes_each = round(statistics.fmean(path.stat().st_size for path in photos.iterdir()))
        found = {name: measured(name, photos, Path(scratch)) for name in NETWORKS}
    figures = {
        "what": f"{PHOTOS} JPEGs of 640×480 to 1600×1200, quality {QUALITY}, {bytes_each:,} bytes each on average",
        "repeats": REPEATS,
        "networks": found,
        "machine": machine(),
    }
    write_json(RESULTS / "predict.json", figures)


if __name__ == "__main__":
    main()
