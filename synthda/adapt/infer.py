"""Probabilities and features of a trained network, in batches on its device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synthda.adapt.method import Method
from synthda.adapt.network import Network
from synthda.adapt.precision import tf32
from synthda.adapt.predict import at_once
from synthda.adapt.resident import as_floats, as_tensor
from synthda.datasets.domain import Images, in_blocks

BATCH = 512
"""Images at once on an accelerator, at most."""

CACHED_PIXELS = 128 * 32 * 32
"""What passes at once on a processor: a third faster than 512 images, whose maps leave the caches."""

LEAST_ON_PROCESSOR = 8


def probabilities(method: Method, images: Images) -> NDArray[np.float32]:
    """Class probabilities (N, K) of what `method` deploys."""
    return _in_batches(method, lambda batch: method.chances(batch), images)


def outputs(method: Method, images: Images) -> NDArray[np.float32]:
    """Logits (N, K) of the classes that the network learns."""
    return _in_batches(method, lambda batch: method.predict(batch), images)


def features(method: Method, images: Images) -> NDArray[np.float32]:
    """Features (N, feature_dim), as `features_and_probabilities` has them: of a teacher, where that is deployed."""
    return features_and_probabilities(method, images)[0]


def features_and_probabilities(method: Method, images: Images) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What enters the label predictor of what `method` deploys, (N, feature_dim), and class probabilities (N, K).

    One pass; where a method deploys a teacher, the features are the teacher's. The classes are those that the network
    learns: a threshold below which the answer is `unknown` is left out, for it says nothing of the network.
    """
    return _features_and(method, lambda batch: method.predict(batch).softmax(dim=1), images)


def features_and_chances(method: Method, images: Images) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """As `features_and_probabilities`, with `unknown` where a threshold decides on it: all that an export gives."""
    return _features_and(method, method.chances, images)


@contextmanager
def features_seen(method: Method) -> Iterator[list[Tensor]]:
    """Within: what every feature extractor that a prediction passes through gives, (B, feature_dim), in that order."""
    seen: list[Tensor] = []
    extractors = [part.feature_extractor for part in method.modules() if isinstance(part, Network)]
    hooks = [part.register_forward_hook(lambda _, given, found: seen.append(found)) for part in extractors]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def _features_and(
    method: Method, answer: Callable[[Tensor], Tensor], images: Images
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    widths: list[int] = []

    def both(batch: Tensor) -> Tensor:
        seen.clear()
        answers = answer(batch)
        features = (seen[0] if seen else method.network.features(batch)).flatten(1)
        widths.append(features.shape[1])
        return torch.cat([features, answers], dim=1)

    with features_seen(method) as seen:
        joined = _in_batches(method, both, images)
    return joined[:, : widths[0]], joined[:, widths[0] :]


@torch.no_grad()
@tf32(False)
def _in_batches(method: Method, function: Callable[[Tensor], Tensor], images: Images) -> NDArray[np.float32]:
    device = method.network.mean.device
    # Not channels last, as in training: torch's group norm then loses digits on even images, as of night or glare.
    method.eval().to(memory_format=torch.contiguous_format)
    queued = device.type == "cuda"
    found = [
        function(as_floats(_on(device, block)).contiguous()).to("cpu", non_blocking=queued)
        for block in in_blocks(images, batch_on(device, *images.shape[1:3]))
    ]
    if queued:
        torch.cuda.synchronize(device)  # the only wait: until here, passes and copies are queued
    joined: NDArray[np.float32] = torch.cat(found).numpy()
    return joined


def batch_on(device: torch.device, height: int, width: int) -> int:
    """How many images of a size pass at once on a device."""
    most = min(BATCH, at_once(height, width))
    if device.type != "cpu":
        return most
    return min(most, max(LEAST_ON_PROCESSOR, CACHED_PIXELS // (height * width)))


def _on(device: torch.device, block: NDArray[np.uint8]) -> Tensor:
    tensor = as_tensor(block)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)
