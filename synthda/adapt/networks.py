"""Networks: a feature extractor and a label predictor, with the normalisation of their input inside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from synthda.adapt.recipe import GANIN, Recipe
from synthda.errors import SettingError
from synthda.settings import Between

Padding = Literal["valid", "same"]
Norm = Literal["instance", "batch"]
Size = tuple[int, int]


class Network(nn.Module):
    """Images (B, 3, H, W) float in [0, 1] → features (B, feature_dim) → logits (B, classes).

    Attributes:
        feature_extractor, label_predictor: Sequentials, so that their layers can be tapped.
        feature_dim: width of the flattened features.
        input_size: H, W in pixels.
        domain_hidden: hidden widths of the domain classifier that the paper puts on these features.
    """

    default_size: ClassVar[Size] = (32, 32)
    recipe: ClassVar[Recipe] = GANIN
    scales_input: ClassVar[bool] = False
    domain_hidden: ClassVar[tuple[int, ...]] = (1024, 1024)

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

    def normalise_by(self, mean: Tensor, std: Tensor) -> None:
        """Take the training images' channel means, (3,) in [0, 1], and, where the network scales, deviations."""
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


def conv_pool_relu(channels_in: int, channels_out: int, kernel: int, padding: Padding) -> list[nn.Module]:
    """Convolution, 2×2 max pooling, ReLU. Pooling first gives the same values for a quarter of the ReLU's work."""
    return [nn.Conv2d(channels_in, channels_out, kernel, padding=padding), nn.MaxPool2d(2), nn.ReLU()]


def fully_connected(widths: tuple[int, ...], dropout: float = 0.0) -> nn.Sequential:
    """Linear layers of the given widths, input first, with ReLU (and dropout) between them, none after the last."""
    layers: list[nn.Module] = []
    for width_in, width_out in pairwise(widths[:-1]):
        layers += [nn.Linear(width_in, width_out), nn.ReLU()]
        if dropout:
            layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


class GaninMnist(Network):
    """The MNIST network of Ganin & Lempitsky 2015 (figure 4a): 28×28, two convolutions, no normalisation layers."""

    default_size = (28, 28)
    domain_hidden = (100,)

    def __init__(
        self,
        classes: int,
        input_size: Size = default_size,
        *,
        padding: Annotated[Padding, "of the convolutions; the papers leave it open"] = "valid",
    ) -> None:
        extractor = nn.Sequential(*conv_pool_relu(3, 32, 5, padding), *conv_pool_relu(32, 48, 5, padding), nn.Flatten())
        width = _flattened(extractor, input_size)
        super().__init__(extractor, fully_connected((width, 100, 100, classes)), classes, input_size)
        initialise(self)


class GaninSvhn(Network):
    """The SVHN network of Ganin & Lempitsky 2015 (figure 4b): 32×32, three convolutions, dropout in the predictor."""

    def __init__(
        self,
        classes: int,
        input_size: Size = Network.default_size,
        *,
        padding: Annotated[Padding, "of the convolutions and pools; the papers leave it open"] = "same",
        dropout: Annotated[float, "in the label predictor", Between(0, 1)] = 0.5,
    ) -> None:
        pool_padding = 1 if padding == "same" else 0
        extractor = nn.Sequential(
            nn.Conv2d(3, 64, 5, padding=padding),
            nn.MaxPool2d(3, 2, pool_padding),
            nn.ReLU(),
            nn.Conv2d(64, 64, 5, padding=padding),
            nn.MaxPool2d(3, 2, pool_padding),
            nn.ReLU(),
            nn.Conv2d(64, 128, 5, padding=padding),
            nn.ReLU(),
            nn.Flatten(),
        )
        width = _flattened(extractor, input_size)
        super().__init__(extractor, fully_connected((width, 3072, 2048, classes), dropout), classes, input_size)
        initialise(self)


class GaninGtsrb(Network):
    """The GTSRB network of Ganin & Lempitsky 2015 (figure 4c): 40×40, three convolutions."""

    default_size = (40, 40)

    def __init__(
        self,
        classes: int,
        input_size: Size = default_size,
        *,
        padding: Annotated[Padding, "of the convolutions; the papers leave it open"] = "valid",
    ) -> None:
        extractor = nn.Sequential(
            *conv_pool_relu(3, 96, 5, padding),
            *conv_pool_relu(96, 144, 3, padding),
            *conv_pool_relu(144, 256, 5, padding),
            nn.Flatten(),
        )
        width = _flattened(extractor, input_size)
        super().__init__(extractor, fully_connected((width, 512, classes)), classes, input_size)
        initialise(self)


class ConvSmall(Network):
    """Four 3×3 convolutions, normalised and globally pooled: small, for any input size from 16 px up.

    Instance norm takes an image's own light and contrast away, and bounds the features that the domain classifier
    sees. No layer looks at the other images of a batch, so two domains cannot disturb each other's statistics. Batch
    norm is there for the methods that need it.
    """

    recipe = Recipe(steps=3000, optimizer="adam", learning_rate=1e-3, schedule="cosine", source_view="strong")
    scales_input = True
    domain_hidden = (128,)

    def __init__(
        self,
        classes: int,
        input_size: Size = Network.default_size,
        *,
        width: Annotated[int, "channels of the first layer; the others have 2, 4 and 4 times as many", Between(4)] = 24,
        norm: Annotated[Norm, "over each image, or over the batch, which adabn needs"] = "instance",
    ) -> None:
        if min(input_size) < 16:
            raise SettingError(f"conv-small takes images from 16 px up; given {input_size[1]}×{input_size[0]}.")
        extractor = nn.Sequential(
            *conv_norm_relu(3, width, norm, pool=True),
            *conv_norm_relu(width, 2 * width, norm, pool=True),
            *conv_norm_relu(2 * width, 4 * width, norm, pool=True),
            *conv_norm_relu(4 * width, 4 * width, norm, pool=False),
            GlobalAverage(),
        )
        super().__init__(extractor, fully_connected((4 * width, classes)), classes, input_size)
        initialise(self)


class GlobalAverage(nn.Module):
    """(B, C, H, W) → (B, C), by a plain mean: its gradient is deterministic on every device."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.mean(dim=(2, 3))


def conv_norm_relu(channels_in: int, channels_out: int, norm: Norm, *, pool: bool) -> list[nn.Module]:
    """3×3 convolution without bias (the norm has one), 2×2 max pooling if asked, norm, ReLU."""
    convolution = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
    # Groups of one channel are instance norm; unlike that class they keep channels last.
    normalise = nn.BatchNorm2d(channels_out) if norm == "batch" else nn.GroupNorm(channels_out, channels_out)
    return [convolution, *([nn.MaxPool2d(2)] if pool else []), normalise, nn.ReLU()]


def initialise(network: nn.Module) -> None:
    """Glorot-uniform weights and zero biases, the usual start of Caffe models such as the paper's."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _flattened(extractor: nn.Sequential, input_size: Size) -> int:
    """Feature width for an input size; raises SettingError when the image is too small for the layers."""
    try:
        with torch.no_grad():
            return int(extractor.eval()(torch.zeros(1, 3, *input_size)).shape[1])
    except RuntimeError:
        height, width = input_size
        raise SettingError(
            f"Images of {width}×{height} px are too small for this network; give a larger --size or padding=same."
        ) from None
    finally:
        extractor.train()
