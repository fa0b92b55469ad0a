"""A small network for any image size, which the other images of a batch do not disturb."""

from __future__ import annotations

from typing import Annotated, Literal

from torch import nn

from synthda.adapt.network import Network, Size
from synthda.adapt.networks.layers import GlobalAverage, fully_connected, initialise, refuse_below
from synthda.adapt.recipe import Recipe
from synthda.settings import Between

Norm = Literal["instance", "batch"]


class ConvSmall(Network):
    """Four 3×3 convolutions, normalised and globally pooled: small, for any input size from 16 px up.

    Instance norm takes an image's own light and contrast away, and bounds the features that the domain classifier
    sees. No layer looks at the other images of a batch, so two domains cannot disturb each other's statistics. Batch
    norm is there for the methods that need it.
    """

    recipe = Recipe(steps=5000, optimizer="adam", learning_rate=1e-3, schedule="cosine", source_view="strong")
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
        refuse_below(16, input_size, "conv-small")
        extractor = nn.Sequential(
            *conv_norm_relu(3, width, norm, pool=True),
            *conv_norm_relu(width, 2 * width, norm, pool=True),
            *conv_norm_relu(2 * width, 4 * width, norm, pool=True),
            *conv_norm_relu(4 * width, 4 * width, norm, pool=False),
            GlobalAverage(),
        )
        super().__init__(extractor, fully_connected((4 * width, classes)), classes, input_size)
        initialise(self)


def conv_norm_relu(channels_in: int, channels_out: int, norm: Norm, *, pool: bool) -> list[nn.Module]:
    """3×3 convolution without bias (the norm has one), 2×2 max pooling if asked, norm, ReLU."""
    convolution = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
    # Groups of one channel are instance norm; unlike that class they keep channels last.
    normalise = nn.BatchNorm2d(channels_out) if norm == "batch" else nn.GroupNorm(channels_out, channels_out)
    return [convolution, *([nn.MaxPool2d(2)] if pool else []), normalise, nn.ReLU()]
