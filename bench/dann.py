"""DANN on images in memory, as the speed measurements train it: the bare loop, ours, and what peers are given."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from synthda.adapt.blueprint import Blueprint
from synthda.adapt.gradient_reversal import reverse_gradient
from synthda.adapt.methods.dann import DANN
from synthda.adapt.network import Network
from synthda.adapt.run import Run
from synthda.adapt.schedules import adaptation_factor
from synthda.adapt.train import train
from synthda.datasets.domain import ArrayImages, Domain

BATCH = 64
"""Images of each domain in a step."""
CLASSES = tuple("0123456789")


@dataclass(frozen=True)
class Arrays:
    """Images (N, 28, 28, 3) uint8 of both domains, and the source's labels (N,) int64."""

    source: NDArray[np.uint8]
    target: NDArray[np.uint8]
    labels: NDArray[np.int64]

    @classmethod
    def random(cls, n: int, side: int = 28) -> Arrays:
        rng = np.random.default_rng(0)
        source, target = rng.integers(0, 256, (2, n, side, side, 3), dtype=np.uint8)
        return cls(source, target, rng.integers(0, len(CLASSES), n))


@dataclass(frozen=True)
class Tensors:
    """The same on a device."""

    source: Tensor
    target: Tensor
    labels: Tensor

    def draw(self, batch: int = BATCH) -> tuple[Tensor, Tensor, Tensor]:
        """Images (B, 3, H, W) float in [0, 1] of both domains, channels last in memory, and the source's labels."""
        rows = torch.randint(len(self.source), (2, batch), device=self.source.device)
        images = torch.cat([self.source[rows[0]], self.target[rows[1]]]).permute(0, 3, 1, 2).float().div_(255)
        return images[:batch], images[batch:], self.labels[rows[0]]


class Features(nn.Module):
    """A network's features of an image, its normalisation included, as a module of their own."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.feature_extractor = network.feature_extractor
        self.register_buffer("mean", network.mean)
        self.register_buffer("std", network.std)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.feature_extractor((images - self.mean) / self.std)
        return features


def on(data: Arrays, device: str) -> Tensors:
    return Tensors(*(torch.from_numpy(array).to(device) for array in (data.source, data.target, data.labels)))


def finished(device: str) -> None:
    """Wait for the device."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def blueprint(steps: int, network: str = "ganin-mnist", **given: object) -> Blueprint:
    texts = {name: str(value) for name, value in given.items()}
    return Blueprint.of("dann", network, CLASSES, given=texts, steps=steps)


def build(steps: int = 1, network: str = "ganin-mnist") -> DANN:
    method = blueprint(steps, network).build()
    assert isinstance(method, DANN)
    return method


def bare(method: DANN, data: Arrays, steps: int, device: str = "cpu", batch: int = BATCH) -> float:
    """Seconds of the shortest loop that does the same arithmetic: channels last, fused SGD, nothing logged."""
    method.to(device).to(memory_format=torch.channels_last)
    network, critic = method.network, method.domain_classifier
    optimizer = torch.optim.SGD(method.parameters(), lr=0.01, momentum=0.9, fused=True)
    tensors = on(data, device)
    domains = torch.cat([torch.zeros(batch, device=device), torch.ones(batch, device=device)])
    finished(device)
    began = time.perf_counter()
    for step in range(steps):
        source, target, labels = tensors.draw(batch)
        p = step / steps
        for group in optimizer.param_groups:
            group["lr"] = 0.01 / (1 + 10 * p) ** 0.75
        features = network.features(torch.cat([source, target]))
        label_loss = F.cross_entropy(network.label_predictor(features[:batch]), labels)
        reversed_ = reverse_gradient(features, adaptation_factor(torch.full((), p, device=device)))
        loss = label_loss + F.binary_cross_entropy_with_logits(critic(reversed_).squeeze(1), domains)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    finished(device)
    return time.perf_counter() - began


def ours(plan: Blueprint, data: Arrays, folder: Path, device: str = "cpu") -> float:
    """Seconds of `train`, with its metrics and its checkpoint at the end."""
    run = Run(folder)
    run.begin({})
    method, source = plan.build(), Domain(ArrayImages(data.source), data.labels, CLASSES)
    began = time.perf_counter()
    train(method, [source], ArrayImages(data.target), plan.recipe, run, device=device)
    return time.perf_counter() - began
