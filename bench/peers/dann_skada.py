"""DANN by skada's deep module, around a network of ours: seconds of a number of steps."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.dann import BATCH, Arrays, Features, finished
from synthda.adapt.gradient_reversal import reverse_gradient
from synthda.adapt.methods.dann import DANN


def seconds(method: DANN, data: Arrays, steps: int, device: str = "cpu") -> float:
    """Of `steps` updates with 64 + 64 images, one pass over 64 · `steps` images of each domain.

    Its loader gathers images one by one from float tensors; what it does before the pass begins is not timed.

    Raises:
        ImportError: when skada, or something that it needs, is not installed.
    """
    from skada import deep
    from skorch.callbacks import Callback

    class Clock(Callback):  # type: ignore[misc]
        def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
            self.began = time.perf_counter()

        def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
            finished(device)
            self.seconds = time.perf_counter() - self.began

    rows = np.arange(BATCH * steps) % len(data.source)
    images = np.concatenate([data.source[rows], data.target[rows]]).transpose(0, 3, 1, 2).astype(np.float32) / 255
    labels = np.concatenate([data.labels[rows], np.full(len(rows), -1)])
    domain = np.concatenate([np.full(len(rows), 1), np.full(len(rows), -2)])
    module = nn.Sequential()
    module.add_module("features", Features(method.network))
    module.add_module("label_predictor", method.network.label_predictor)
    clock = Clock()
    net = deep.DANN(
        module.to(memory_format=torch.channels_last),
        layer_name="features",
        domain_classifier=_DomainClassifier(method.domain_classifier),
        domain_criterion=nn.BCEWithLogitsLoss(),
        optimizer=torch.optim.SGD,
        optimizer__momentum=0.9,
        optimizer__fused=True,
        lr=0.01,
        batch_size=BATCH,
        max_epochs=1,
        train_split=None,
        callbacks=[("clock", clock)],
        callbacks__print_log=None,
        callbacks__train_loss=None,
        device=device,
    )
    net.fit(images, labels, sample_domain=domain)
    return float(dict(net.callbacks_)["clock"].seconds)


class _DomainClassifier(nn.Module):
    """Behind a gradient reversal, as skada's own is."""

    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, features: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        logits: Tensor = self.classifier(reverse_gradient(features, features.new_ones(())))
        return logits.squeeze(1)
