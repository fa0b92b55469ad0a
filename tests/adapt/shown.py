"""What a forward pass shows, made from numbers instead of images, and a problem on which adaptation must help."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from synthda.adapt.additive import Seen
from synthda.adapt.infer import probabilities
from synthda.adapt.method import Batch, Method
from synthda.adapt.methods import build_method
from synthda.adapt.network import Network
from synthda.adapt.networks.layers import GlobalAverage, fully_connected, initialise
from synthda.adapt.recipe import Recipe
from synthda.adapt.run import Run
from synthda.adapt.train import train
from synthda.datasets.domain import ArrayImages, Domain

Rows = NDArray[np.float64]


def shown(source: list[Rows], target: list[Rows], labels: list[int] | None = None) -> Seen:
    """Layers of source and target, the features first and the logits last; leaves of the graph."""
    seen = Seen.__new__(Seen)
    layers = [[torch.tensor(rows, requires_grad=True) for rows in side] for side in (source, target)]
    seen.__dict__["layers_s"], seen.__dict__["layers_t"] = layers
    seen.features_s, seen.features_t = layers[0][0], layers[1][0]
    seen.labels = torch.tensor(labels or [0] * len(source[0]))
    seen.source_domain = torch.zeros_like(seen.labels)
    return seen


def rows(seed: int, *shape: int) -> Rows:
    return np.random.default_rng(seed).normal(size=shape)


def colour_network(classes: int = 2) -> Network:
    """An image's mean colour, a hidden layer, the classes: no normalisation takes a shift away."""
    torch.manual_seed(0)
    extractor = nn.Sequential(GlobalAverage(), nn.Linear(3, 16), nn.Tanh())
    network = Network(extractor, fully_connected((16, classes)), classes, (4, 4))
    network.domain_hidden, network.scales_input = (16,), True  # type: ignore[misc]
    initialise(network)
    return network


def batch(n_source: int = 6, n_target: int = 9) -> Batch:
    """Random images of 4×4 pixels, two classes by turns."""
    images = torch.rand(n_source + n_target, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    labels, zeros = torch.arange(n_source) % 2, torch.zeros(n_source).long()
    return Batch((images[:n_source],), labels, zeros, zeros, (images[n_source:],), torch.zeros(n_target).long())


def colours(seed: int, shift: float) -> Domain:
    """400 images whose red tells the class and whose green is chance; `shift` is added to the red of both classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=400)
    red = 0.3 + 0.3 * labels + shift + 0.03 * rng.normal(size=400)
    values = np.stack([red, 0.5 + 0.05 * rng.normal(size=400), np.full(400, 0.5)], axis=1)
    return Domain(plain_images(values), labels, ("dark", "light"))


def plain_images(values: Rows) -> ArrayImages:
    """An image of 4×4 pixels for each row (n, 3), its red, green and blue in [0, 1]."""
    images = np.broadcast_to(np.clip(255 * values, 0, 255)[:, None, None], (len(values), 4, 4, 3))
    return ArrayImages(images.astype(np.uint8))


def adapted(
    method: str,
    domains: tuple[Domain, Domain],
    folder: Path,
    *,
    network: Callable[[], Network],
    learning_rate: float = 0.01,
    momentum: float = 0.9,
    seed: int = 0,
    **settings: object,
) -> Method:
    """The method, trained from the source to the target after the one that it starts from.

    Args:
        momentum: β1 of Adam; the papers of adversarial methods take .5, for what pulls in a circle gains no momentum.
        seed: of the order of the images.
    """
    built = build_method(method, network(), settings)
    if built.starts_from:
        how = {"learning_rate": learning_rate, "momentum": momentum}
        built.begin_from(adapted(built.starts_from, domains, folder / "init", network=network, seed=seed, **how))
    recipe = Recipe(steps=300, optimizer="adam", learning_rate=learning_rate, momentum=momentum, schedule="constant")
    run = Run(folder / "run")
    run.begin({})
    train(built, [domains[0]], domains[1].unlabelled(), recipe, run, seed=seed)
    return built


def accuracy(method: Method, domain: Domain) -> float:
    return float((probabilities(method, domain.images).argmax(axis=1) == domain.labels).mean())


def adapted_to_shifted_colours(
    method: str,
    folder: Path,
    *,
    shift: float = 0.17,
    learning_rate: float = 0.01,
    network: Callable[[], Network] = colour_network,
    seed: int = 0,
    **settings: object,
) -> Method:
    """The trained method, after the one that it starts from; `seed` is of the order of the images."""
    domains = colours(0, 0.0), colours(1, shift)
    return adapted(method, domains, folder, network=network, learning_rate=learning_rate, seed=seed, **settings)


def accuracy_on_shifted_colours(method: str, folder: Path, *, shift: float = 0.17, **settings: object) -> float:
    """Of a method trained on colours and adapted to brighter ones, whose darker class lies on or next to the border."""
    built = adapted_to_shifted_colours(method, folder, shift=shift, **settings)  # type: ignore[arg-type]
    return accuracy(built, colours(2, shift))


def gradient(loss: Tensor, leaf: Tensor) -> Tensor:
    (found,) = torch.autograd.grad(loss, leaf, retain_graph=True)
    return found
