"""What a network is: a feature extractor and a label predictor, with the normalisation of their input inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from synthda.adapt.recipe import GANIN, Recipe
from synthda.errors import SettingError

Size = tuple[int, int]

ROUNDING = 1 / 255 / 12**0.5
"""The deviation that rounding to bytes leaves: an image that has no more than that is even."""


class Standardise(nn.Module):
    """Each image (3, H, W) of a batch by itself: mean 0 and deviation 1 over all pixels and channels together."""

    def forward(self, images: Tensor) -> Tensor:
        centred = images - images.mean(dim=(1, 2, 3), keepdim=True)
        # An even image, as of night, holds what rounding left: that is not brought up to deviation 1.
        return centred / (centred.square().mean(dim=(1, 2, 3), keepdim=True) + ROUNDING**2).sqrt()


class Network(nn.Module):
    """Images (B, 3, H, W) float in [0, 1] → features (B, feature_dim) → logits (B, classes).

    Attributes:
        feature_extractor, label_predictor: Sequentials, so that their layers can be tapped.
        feature_dim: width of the flattened features.
        input_size: H, W in pixels.
        domain_hidden: hidden widths of the domain classifier that the paper puts on these features.
        normalised: whether its weights came with the mean and deviation of what they have learnt from, and keep them.
    """

    default_size: ClassVar[Size] = (32, 32)
    recipe: ClassVar[Recipe] = GANIN
    scales_input: ClassVar[bool] = False
    domain_hidden: ClassVar[tuple[int, ...]] = (1024, 1024)
    normalised: bool = False

    mean: Tensor
    std: Tensor

    def __init__(
        self, feature_extractor: nn.Sequential, label_predictor: nn.Sequential, classes: int, input_size: Size
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.full((1, 3, 1, 1), 0.5))
        self.register_buffer("std", torch.ones(1, 3, 1, 1))
        self.feature_extractor = feature_extractor
        self.label_predictor = label_predictor
        self.classes = classes
        self.input_size = input_size

    @property
    def feature_dim(self) -> int:
        first = next(layer for layer in self.label_predictor if isinstance(layer, nn.Linear))
        return first.in_features

    @property
    def uses_batch_statistics(self) -> bool:
        """Whether an image's features depend on the other images of its batch in training."""
        return any(isinstance(module, _BatchNorm) for module in self.modules())

    @property
    def drops_out(self) -> bool:
        """Whether training leaves out activations, or whole branches, at random."""
        return any(getattr(module, "p", 0) > 0 for module in self.modules())  # of dropout and of stochastic depth

    @property
    def inputs(self) -> Mapping[str, str]:
        """What the first weights depend on beside settings and seed, by name: the SHA-256 of a file of weights."""
        return {}

    @property
    def download(self) -> str | None:
        """The address from which `load_pretrained` will take weights; None where it needs no network."""
        return None

    def load_pretrained(self) -> None:
        """Take over weights that were trained elsewhere, before the first step; never asked of a trained network."""

    def normalise_by(self, mean: Tensor, std: Tensor) -> None:
        """Take the training images' channel means, (3,) in [0, 1], and, where the network scales, deviations.

        Where each image is standardised, or the weights came with theirs: nothing.
        """
        if self.normalised or isinstance(self.feature_extractor[0], Standardise):
            return
        self.mean.copy_(mean.view(1, 3, 1, 1))
        if self.scales_input:
            self.std.copy_(std.clamp_min(1e-3).view(1, 3, 1, 1))

    def features(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) float in [0, 1] → (B, feature_dim)."""
        features: Tensor = self.feature_extractor((images - self.mean) / self.std)
        return features

    def features_of_both(self, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Both domains' features: in one pass, or, where batch norm would mix their statistics, each in its own.

        The running statistics then follow the target alone: that is where the network is deployed.
        """
        if not self.uses_batch_statistics:
            features = self.features(torch.cat([source, target]))
            return features[: len(source)], features[len(source) :]
        with self.running_statistics_kept():
            features_s = self.features(source)
        return features_s, self.features(target)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) float in [0, 1] → logits (B, classes)."""
        logits: Tensor = self.label_predictor(self.features(images))
        return logits

    def check_features_learn(self, method: str) -> None:
        """Raise SettingError when every layer of the features is frozen, and `method` would train nothing else."""
        if not any(parameter.requires_grad for parameter in self.feature_extractor.parameters()):
            raise SettingError(
                f"{method} trains the features alone, and all are frozen; give a smaller `frozen`, or a bottleneck."
            )

    @contextmanager
    def without_dropout(self) -> Iterator[None]:
        """Within: nothing is left out at random; batch norm stays as it is."""
        training = [module for module in self.modules() if module.training and not isinstance(module, _BatchNorm)]
        for module in training:
            module.training = False
        try:
            yield
        finally:
            for module in training:
                module.training = True

    @contextmanager
    def running_statistics_kept(self) -> Iterator[None]:
        """Within: batch norm uses its batch's statistics but leaves the running ones, used in deployment, alone."""
        layers = [module for module in self.modules() if isinstance(module, _BatchNorm)]
        momenta = [layer.momentum for layer in layers]
        for layer in layers:
            layer.momentum = 0.0
        try:
            yield
        finally:
            for layer, momentum in zip(layers, momenta, strict=True):
                layer.momentum = momentum
