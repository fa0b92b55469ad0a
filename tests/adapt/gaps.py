"""Gaps between two domains, each of a kind that some methods are made for, and what is right after adaptation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from shown import accuracy, adapted, colour_network, colours, plain_images
from torch import nn

from synthda.adapt.method import Method
from synthda.adapt.network import Network
from synthda.adapt.networks.layers import fully_connected, initialise
from synthda.datasets.domain import UNKNOWN, ArrayImages, Domain

CORNERS = ("neither", "red", "green", "both")
N = 400


@dataclass(frozen=True, eq=False)
class Gap:
    """The source, the target that training sees without its labels, and as much of the target that it does not see."""

    source: Domain
    target: Domain
    unseen: Domain
    network: Callable[[], Network]

    def adapted(self, method: str, folder: Path, *, seed: int = 0, **settings: object) -> Method:
        """Trained on both, as `shown.adapted` has it."""
        return adapted(method, (self.source, self.target), folder, network=self.network, seed=seed, **settings)  # type: ignore[arg-type]

    def accuracies(self, method: str, folder: Path, *, orders: int = 3, **settings: object) -> list[float]:
        """On unseen images of the target, after training on as many orders of the images."""
        trained = (self.adapted(method, folder / str(seed), seed=seed, **settings) for seed in range(orders))
        return [accuracy(each, self.unseen) for each in trained]


def shifted_colours(shift: float) -> Gap:
    """As `shown.colours`: the source's border is where the target's darker class lies."""
    return Gap(colours(0, 0.0), colours(1, shift), colours(2, shift), colour_network)


def turned_clusters() -> Gap:
    """Two long clusters in red and green, turned by 45°; half of the source is light and a fifth of the target."""
    return Gap(_clusters(0, 0, 0.5), _clusters(1, 45, 0.2), _clusters(2, 45, 0.2), colour_network)


def bluer_corners(bluer: float, only: tuple[int, ...] = (0, 1, 2, 3)) -> Gap:
    """Four classes, or some of them in the target; blue leans with them in the source, and all of the target is bluer.

    A classifier that trusts blue is wrong, however long it learns; without blue, 98 % can be right.
    """
    network = partial(colour_network, len(CORNERS))
    return Gap(_corners(0), _corners(1, bluer, only), _corners(2, bluer, only), network)


def rarer_corners(bluer: float = 0.3, shares: tuple[float, ...] = (0.6, 0.25, 0.1, 0.05)) -> Gap:
    """As `bluer_corners`, with classes of such shares in the target, where the source has them alike often."""
    network = partial(colour_network, len(CORNERS))
    return Gap(_corners(0), *(_corners(seed, bluer, shares=shares) for seed in (1, 2)), network)


def turned_bars() -> Gap:
    """Bars lying or standing within 10°; the target's are turned by 20 to 50°: some beyond the diagonal."""
    return Gap(_bars(0, -10, 10), _bars(1, 20, 50), _bars(2, 20, 50), _pixel_network)


def strangers_among_colours() -> Gap:
    """Shifted colours, and a third of the target is neither dark nor light but green: a class that the source lacks."""
    network = partial(colour_network, 3)
    return Gap(_colours_and_green(0, 0.0, 0.0), *(_colours_and_green(seed, 0.13, 1 / 3) for seed in (1, 2)), network)


def _clusters(seed: int, degrees: float, light: float) -> Domain:
    rng = np.random.default_rng(seed)
    labels = (rng.random(N) < light).astype(int)
    rows = np.stack([0.15 * (2 * labels - 1) + 0.03 * rng.normal(size=N), 0.12 * rng.normal(size=N)], axis=1)
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    values = 0.5 + np.stack([rows @ [cos, -sin], rows @ [sin, cos], np.zeros(N)], axis=1)
    return Domain(plain_images(values), labels, ("dark", "light"))


def _corners(
    seed: int, bluer: float = 0.0, only: tuple[int, ...] = (0, 1, 2, 3), shares: tuple[float, ...] | None = None
) -> Domain:
    rng = np.random.default_rng(seed)
    labels = rng.choice(only, size=N, p=shares)
    means = np.array([[0.4, 0.4, 0.4], [0.6, 0.4, 0.5], [0.4, 0.6, 0.3], [0.6, 0.6, 0.4]])
    values = means[labels] + [0, 0, bluer] + 0.04 * rng.normal(size=(N, 3))
    return Domain(plain_images(values), labels, CORNERS)


def _bars(seed: int, least: float, most: float, size: int = 8) -> Domain:
    """A bright bar through the middle of each image, turned by `least` to `most` degrees, and noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=N)
    turn = np.deg2rad(90 * labels + rng.uniform(least, most, size=N))[:, None, None]
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    bar = np.clip(1.5 - np.abs(x * np.sin(turn) - y * np.cos(turn)), 0, 1)
    grey = np.clip(255 * (0.3 + 0.4 * bar + 0.05 * rng.normal(size=bar.shape)), 0, 255)
    return Domain(ArrayImages(np.repeat(grey[..., None], 3, axis=3).astype(np.uint8)), labels, ("lying", "standing"))


def _colours_and_green(seed: int, shift: float, green: float) -> Domain:
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random(N) < green, 2, rng.integers(2, size=N))
    red = np.array([0.3, 0.6, 0.6])[labels] + shift + 0.03 * rng.normal(size=N)
    values = np.stack([red, 0.5 + 0.25 * (labels == 2) + 0.05 * rng.normal(size=N), np.full(N, 0.5)], axis=1)
    return Domain(plain_images(values), labels, ("dark", "light", UNKNOWN))


def _pixel_network(size: int = 8) -> Network:
    torch.manual_seed(0)
    extractor = nn.Sequential(nn.Flatten(), nn.Linear(3 * size**2, 32), nn.ReLU())
    network = Network(extractor, fully_connected((32, 2)), 2, (size, size))
    network.domain_hidden, network.scales_input = (16,), True  # type: ignore[misc]
    initialise(network)
    return network
