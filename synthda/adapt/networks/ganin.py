"""The networks of Ganin & Lempitsky 2015 (figure 4), without normalisation layers."""

from __future__ import annotations

from typing import Annotated, Literal

from torch import nn

from synthda.adapt.network import Network, Size, Standardise
from synthda.adapt.networks.layers import flattened, fully_connected, initialise
from synthda.settings import Between

Padding = Literal["valid", "same"]
Standardised = Annotated[bool, "each image by itself, to mean 0 and deviation 1: takes its light and contrast away"]


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
        standardise: Standardised = False,
    ) -> None:
        extractor = nn.Sequential(
            *standardising(standardise),
            *conv_pool_relu(3, 32, 5, padding),
            *conv_pool_relu(32, 48, 5, padding),
            nn.Flatten(),
        )
        width = flattened(extractor, input_size)
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
        standardise: Standardised = False,
    ) -> None:
        pool_padding = 1 if padding == "same" else 0
        extractor = nn.Sequential(
            *standardising(standardise),
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
        width = flattened(extractor, input_size)
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
        standardise: Standardised = False,
    ) -> None:
        extractor = nn.Sequential(
            *standardising(standardise),
            *conv_pool_relu(3, 96, 5, padding),
            *conv_pool_relu(96, 144, 3, padding),
            *conv_pool_relu(144, 256, 5, padding),
            nn.Flatten(),
        )
        width = flattened(extractor, input_size)
        super().__init__(extractor, fully_connected((width, 512, classes)), classes, input_size)
        initialise(self)


def standardising(asked: bool) -> list[nn.Module]:
    """The layer that standardises each image, if asked for."""
    return [Standardise()] if asked else []


def conv_pool_relu(channels_in: int, channels_out: int, kernel: int, padding: Padding) -> list[nn.Module]:
    """Convolution, 2×2 max pooling, ReLU. Pooling first gives the same values for a quarter of the ReLU's work."""
    return [nn.Conv2d(channels_in, channels_out, kernel, padding=padding), nn.MaxPool2d(2), nn.ReLU()]
