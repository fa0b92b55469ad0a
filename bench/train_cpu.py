"""The loop's lean floor: images/s of `train` against a bare PyTorch loop over the same tensors, in turn, in one run.

python -m bench.train_cpu
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from bench.machine import machine
from bench.paths import RESULTS
from synthda.adapt.blueprint import Blueprint
from synthda.adapt.gradient_reversal import reverse_gradient
from synthda.adapt.methods.dann import DANN
from synthda.adapt.run import Run
from synthda.adapt.schedules import adaptation_factor
from synthda.adapt.train import train
from synthda.datasets.domain import ArrayImages, Domain
from synthda.manifest import write_json

STEPS, REPEATS, N = 200, 7, 8192
CLASSES = tuple("0123456789")
BLUEPRINT = Blueprint.of("dann", "ganin-mnist", CLASSES, steps=STEPS)


def bare(source: np.ndarray, labels: np.ndarray, target: np.ndarray) -> float:
    """Seconds of the shortest loop that does the same arithmetic: channels last, fused SGD, nothing logged."""
    method = BLUEPRINT.build().to(memory_format=torch.channels_last)
    assert isinstance(method, DANN)
    network, critic = method.network, method.domain_classifier
    optimizer = torch.optim.SGD(method.parameters(), lr=0.01, momentum=0.9, fused=True)
    images_s, images_t, labels_s = torch.from_numpy(source), torch.from_numpy(target), torch.from_numpy(labels)
    domains = torch.cat([torch.zeros(64), torch.ones(64)])
    began = time.perf_counter()
    for step in range(STEPS):
        rows = torch.randint(N, (2, 64))
        images = torch.cat([images_s[rows[0]], images_t[rows[1]]]).permute(0, 3, 1, 2).float().div_(255)
        p = step / STEPS
        for group in optimizer.param_groups:
            group["lr"] = 0.01 / (1 + 10 * p) ** 0.75
        features = network.features(images)
        label_loss = F.cross_entropy(network.label_predictor(features[:64]), labels_s[rows[0]])
        reversed_ = reverse_gradient(features, adaptation_factor(torch.tensor(p)))
        loss = label_loss + F.binary_cross_entropy_with_logits(critic(reversed_).squeeze(1), domains)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return time.perf_counter() - began


def ours(source: Domain, target: ArrayImages, folder: Path) -> float:
    """Seconds of `train`, with its metrics and its checkpoint at the end."""
    run = Run(folder)
    run.begin({})
    method = BLUEPRINT.build()
    began = time.perf_counter()
    train(method, [source], target, BLUEPRINT.recipe, run)
    return time.perf_counter() - began


def main() -> None:
    rng = np.random.default_rng(0)
    source, target = rng.integers(0, 256, (2, N, 28, 28, 3), dtype=np.uint8)
    labels = rng.integers(0, 10, N)
    domain = Domain(ArrayImages(source), labels, CLASSES)
    pairs = []
    with tempfile.TemporaryDirectory() as scratch:
        for repeat in range(REPEATS + 1):
            floor = bare(source, labels, target)
            pairs.append((floor, ours(domain, ArrayImages(target), Path(scratch) / str(repeat))))
            print([round(STEPS * 128 / seconds) for seconds in pairs[-1]], flush=True)
    pairs = pairs[1:]  # the first pair warms up
    ratios = [floor / seconds for floor, seconds in pairs]
    figures = {
        "what": "DANN, ganin-mnist, 64 + 64 images, 200 steps, interleaved",
        "repeats": REPEATS,
        "bare_images_per_second": [round(STEPS * 128 / floor) for floor, _ in pairs],
        "synthda_images_per_second": [round(STEPS * 128 / seconds) for _, seconds in pairs],
        "ratio_to_floor": statistics.median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
        "machine": machine(),
    }
    write_json(RESULTS / "train_cpu.json", figures)
    print(figures["ratio_to_floor"])


if __name__ == "__main__":
    main()
