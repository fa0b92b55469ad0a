"""DANN by pytorch-adapt's `DANNHook`, around a network of ours: seconds of a number of steps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from bench.dann import BATCH, Arrays, Features, finished, on
from synthda.adapt.methods.dann import DANN


def seconds(method: DANN, data: Arrays, steps: int, device: str = "cpu", *, workers: int | None = None) -> float:
    """Of `steps` updates with 64 + 64 images.

    Args:
        method: whose network and domain classifier are trained.
        data: in memory.
        steps: how many.
        device: as torch names it.
        workers: of a DataLoader over its `CombinedSourceAndTargetDataset`, whose first batches are not timed; None for
            rows gathered from tensors on the device, as the bare loop does.

    Raises:
        ImportError: when pytorch-adapt, or something that it needs, is not installed.
    """
    from pytorch_adapt.hooks import DANNHook

    models = {"G": Features(method.network), "C": method.network.label_predictor}
    models["D"] = nn.Sequential(method.domain_classifier, nn.Flatten(0))
    models = {name: model.to(device).to(memory_format=torch.channels_last) for name, model in models.items()}
    optimizers = [torch.optim.SGD(each.parameters(), lr=0.01, momentum=0.9, fused=True) for each in models.values()]
    hook = DANNHook(optimizers)
    batches = _gathered(data, device) if workers is None else _loaded(data, device, workers, steps)
    first = next(batches)
    began = time.perf_counter()
    for step in range(steps):
        hook({**models, **(first if step == 0 else next(batches))})
    finished(device)
    return time.perf_counter() - began


def _gathered(data: Arrays, device: str) -> Iterator[dict[str, Tensor]]:
    tensors = on(data, device)
    domains = {"src_domain": torch.zeros(BATCH, device=device), "target_domain": torch.ones(BATCH, device=device)}
    while True:
        source, target, labels = tensors.draw()
        yield {"src_imgs": source, "src_labels": labels, "target_imgs": target, **domains}


def _loaded(data: Arrays, device: str, workers: int, steps: int) -> Iterator[dict[str, Tensor]]:
    from pytorch_adapt.datasets import CombinedSourceAndTargetDataset, SourceDataset, TargetDataset

    source, target = _Images(data.source, data.labels), _Images(data.target, None)
    both = CombinedSourceAndTargetDataset(SourceDataset(source), TargetDataset(target))
    options: dict[str, Any] = {"num_workers": workers, "pin_memory": device != "cpu", "drop_last": True}
    while True:
        for batch in torch.utils.data.DataLoader(both, BATCH, shuffle=True, **options):
            on_device = {name: value.to(device, non_blocking=True) for name, value in batch.items()}
            yield on_device | {name: on_device[name].float() for name in ("src_domain", "target_domain")}


class _Images(torch.utils.data.Dataset[Any]):
    """An image at a time, as its data sets are read; no file is decoded, which would take longer."""

    def __init__(self, images: Any, labels: Any) -> None:
        self._images, self._labels = torch.from_numpy(images), labels

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, row: int) -> Any:
        image = self._images[row].permute(2, 0, 1).float().div_(255)
        return image if self._labels is None else (image, int(self._labels[row]))
