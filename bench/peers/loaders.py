"""How other libraries store images and load them shuffled: each writes a folder and yields batches of bytes.

They store raw pixels where their format allows it, so that none but ImageFolder decodes; what each yields is a batch
(B, H, W, 3) uint8, made into floats by whoever measures.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Pixels = NDArray[np.uint8]


def write_folder(folder: Path, images: Pixels, labels: NDArray[np.int64]) -> None:
    from PIL import Image

    for name in map(str, np.unique(labels)):
        (folder / name).mkdir(parents=True)
    for row, (image, label) in enumerate(zip(images, labels, strict=True)):
        Image.fromarray(image).save(folder / str(label) / f"{row:06}.png")


def read_folder(folder: Path, side: int, batch: int, workers: int) -> Iterator[Tensor]:
    from torchvision.datasets import ImageFolder

    found = ImageFolder(str(folder), transform=_pixels)
    yield from _endless(found, batch, workers, shuffle=True, drop_last=True)


def write_webdataset(folder: Path, images: Pixels, labels: NDArray[np.int64]) -> None:
    import webdataset

    folder.mkdir()
    with webdataset.ShardWriter(str(folder / "%05d.tar"), maxcount=len(images) // 12 + 1, verbose=0) as writer:
        for row, (image, label) in enumerate(zip(images, labels, strict=True)):
            writer.write({"__key__": f"{row:06}", "bin": image.tobytes(), "cls": int(label)})


def read_webdataset(folder: Path, side: int, batch: int, workers: int) -> Iterator[Tensor]:
    import webdataset

    urls = sorted(map(str, folder.glob("*.tar")))
    found = webdataset.WebDataset(urls, shardshuffle=len(urls), workersplitter=webdataset.split_by_worker)
    pixels = found.shuffle(5000).decode().map(_from_bytes(side, "bin", "cls")).batched(batch, partial=False)
    yield from _endless(pixels, None, workers)


def write_litdata(folder: Path, images: Pixels, labels: NDArray[np.int64]) -> None:
    import litdata

    # By default it empties data/ and chunks/ in the system's temporary folder, whoever's they are.
    for name in ("DATA_OPTIMIZER_CACHE_FOLDER", "DATA_OPTIMIZER_DATA_CACHE_FOLDER"):
        os.environ[name] = str(folder.with_name(f"{folder.name}-{name.lower()}"))

    def sample(row: int) -> dict[str, Any]:
        return {"image": images[row], "label": int(labels[row])}

    rows = list(range(len(images)))
    litdata.optimize(sample, rows, str(folder), chunk_bytes="16MB", num_workers=1, verbose=False, start_method="fork")


def read_litdata(folder: Path, side: int, batch: int, workers: int) -> Iterator[Tensor]:
    import litdata

    found = litdata.StreamingDataset(str(folder), shuffle=True, drop_last=True)
    kept = {"persistent_workers": True} if workers else {}
    loader = litdata.StreamingDataLoader(found, batch_size=batch, num_workers=workers, drop_last=True, **kept)
    while True:
        for loaded in loader:
            yield loaded["image"]


def write_mds(folder: Path, images: Pixels, labels: NDArray[np.int64]) -> None:
    from streaming import MDSWriter

    with MDSWriter(out=str(folder), columns={"image": "bytes", "label": "int"}, size_limit=16 << 20) as writer:
        for image, label in zip(images, labels, strict=True):
            writer.write({"image": image.tobytes(), "label": int(label)})


def read_mds(folder: Path, side: int, batch: int, workers: int) -> Iterator[Tensor]:
    from streaming import StreamingDataset
    from streaming.base.util import clean_stale_shared_memory

    clean_stale_shared_memory()
    found = StreamingDataset(local=str(folder), shuffle=True, batch_size=batch)
    yield from _endless(_Mapped(found, _from_bytes(side, "image", "label")), batch, workers, drop_last=True)


PEERS: dict[str, tuple[str, Callable[..., None], Callable[..., Iterator[Tensor]]]] = {
    "torchvision ImageFolder": ("torchvision", write_folder, read_folder),
    "WebDataset": ("webdataset", write_webdataset, read_webdataset),
    "LitData": ("litdata", write_litdata, read_litdata),
    "MosaicML Streaming": ("streaming", write_mds, read_mds),
}
"""By name, the module that must be installed, the writer and the reader."""


def installed() -> list[str]:
    return [name for name, (module, _, _) in PEERS.items() if importlib.util.find_spec(module)]


class _Mapped(torch.utils.data.IterableDataset):  # type: ignore[type-arg]
    """A data set that yields samples, each changed by a function in the worker that read it."""

    def __init__(self, samples: Any, change: Callable[[dict[str, Any]], tuple[Tensor, int]]) -> None:
        self.samples, self.change = samples, change

    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        return map(self.change, self.samples)


def _endless(samples: Any, batch: int | None, workers: int, **options: Any) -> Iterator[Tensor]:
    """Batches of images, pass after pass."""
    loader = torch.utils.data.DataLoader(
        samples, batch_size=batch, num_workers=workers, persistent_workers=workers > 0, **options
    )
    while True:
        for images, _ in loader:
            yield images


def _pixels(photo: Any) -> Tensor:
    return torch.from_numpy(np.array(photo))


class _from_bytes:  # noqa: N801  # a function that goes to a worker
    def __init__(self, side: int, image: str, label: str) -> None:
        self.shape, self.image, self.label = (side, side, 3), image, label

    def __call__(self, sample: dict[str, Any]) -> tuple[Tensor, int]:
        pixels = np.frombuffer(sample[self.image], dtype=np.uint8).reshape(self.shape)
        return torch.from_numpy(pixels.copy()), int(sample[self.label])
