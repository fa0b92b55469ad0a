"""The networks of French et al. 2018 (Self-ensembling for visual domain adaptation, ICLR) for digits and signs."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from synthda.adapt.network import Network, Size, Standardise
from synthda.adapt.networks.layers import GlobalAverage, fully_connected, initialise, refuse_below
from synthda.adapt.recipe import Recipe

RECIPE = Recipe(
    steps=140_000,  # 300 passes over 60,000 target images
    source_batch=128,
    target_batch=128,
    optimizer="adam",
    learning_rate=1e-3,
    schedule="constant",
    source_view="weak",
    target_view="weak",
)
"""Adam at 1e-3, 128 + 128 images; `weak` views stand for the paper's affine jitter and shifts, without its noise."""


class SelfEnsemblingDigits(Network):
    """The digits network of French et al. 2018: 32×32, nine convolutions with batch norm, two dropouts."""

    recipe = RECIPE
    domain_hidden = (128,)

    def __init__(self, classes: int, input_size: Size = Network.default_size) -> None:
        refuse_below(12, input_size, "self-ensembling-digits")
        extractor = nn.Sequential(
            Standardise(),
            *three_convolutions(3, 128),
            nn.Dropout(0.5),
            *three_convolutions(128, 256),
            nn.Dropout(0.5),
            *conv_norm_relu(256, 512, 3, padding=0),
            *conv_norm_relu(512, 256, 1, padding=0),
            *conv_norm_relu(256, 128, 1, padding=0),
            GlobalAverage(),
        )
        super().__init__(extractor, fully_connected((128, classes)), classes, input_size)
        initialise(self)


class SelfEnsemblingSigns(Network):
    """The traffic-sign network of French et al. 2018: 40×40, nine convolutions with batch norm, one dropout."""

    default_size = (40, 40)
    recipe = replace(RECIPE, steps=92_000)  # 300 passes over GTSRB's 39,209 images
    domain_hidden = (128,)

    def __init__(self, classes: int, input_size: Size = default_size) -> None:
        refuse_below(8, input_size, "self-ensembling-signs")
        extractor = nn.Sequential(
            Standardise(),
            *three_convolutions(3, 96),
            *three_convolutions(96, 192),
            *three_convolutions(192, 384),
            nn.Dropout(0.5),
            GlobalAverage(),
        )
        super().__init__(extractor, fully_connected((384, classes)), classes, input_size)
        initialise(self)


def three_convolutions(channels_in: int, channels: int) -> list[nn.Module]:
    """Three 3×3 convolutions of `channels`, then 2×2 max pooling; the last ReLU comes after it, for a quarter."""
    last = conv_norm_relu(channels, channels, 3, padding=1)
    return [
        *conv_norm_relu(channels_in, channels, 3, padding=1),
        *conv_norm_relu(channels, channels, 3, padding=1),
        *last[:-1],
        nn.MaxPool2d(2),
        last[-1],
    ]


def conv_norm_relu(channels_in: int, channels: int, kernel: int, *, padding: int) -> list[nn.Module]:
    """Convolution without bias (the norm has one), batch norm, ReLU."""
    convolution = nn.Conv2d(channels_in, channels, kernel, padding=padding, bias=False)
    return [convolution, nn.BatchNorm2d(channels), nn.ReLU()]
