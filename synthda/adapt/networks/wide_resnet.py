"""The wide residual network of Zagoruyko & Komodakis 2016 (BMVC) as AdaMatch (Berthelot et al. 2022, ICLR) has it."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from synthda.adapt.network import Network, Size
from synthda.adapt.networks.layers import GlobalAverage, fully_connected, initialise, refuse_below
from synthda.adapt.recipe import Recipe

SLOPE = 0.1
"""Of the leaky ReLU, AdaMatch's; the paper of 2016 has a plain one."""
BLOCKS = 4
"""Residual blocks in each of three groups: 28 = 6 · 4 + 4 layers, by the paper's count."""


class WideResNet28x2(Network):
    """WRN-28-2 of Zagoruyko & Komodakis 2016 as in AdaMatch: 32×32, twelve residual blocks of 32, 64, 128 channels."""

    recipe = Recipe(
        steps=131_072,  # 8 · 2^20 source images
        source_batch=64,
        target_batch=192,
        learning_rate=0.03,
        weight_decay=1e-3,
        schedule="adamatch",
        source_view="weak",
        target_view="weak",
    )
    scales_input = True
    domain_hidden = (128,)

    def __init__(self, classes: int, input_size: Size = Network.default_size) -> None:
        refuse_below(8, input_size, "wrn-28-2")
        layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, padding=1, bias=False)]
        for group, (before, channels) in enumerate(pairwise((16, 32, 64, 128))):
            layers.append(ResidualBlock(before, channels, stride=2 if group else 1, activate_all=not group))
            layers += [ResidualBlock(channels, channels) for _ in range(BLOCKS - 1)]
        extractor = nn.Sequential(*layers, nn.BatchNorm2d(128), nn.LeakyReLU(SLOPE), GlobalAverage())
        super().__init__(extractor, fully_connected((128, classes)), classes, input_size)
        initialise(self.label_predictor)
        for module in extractor.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


class ResidualBlock(nn.Module):
    """x + conv(act(norm(conv(act(norm(x)))))); a 1×1 convolution on the shortcut where the width changes.

    `activate_all` puts the first norm and activation before the shortcut too, as in the network's first block.
    """

    def __init__(self, channels_in: int, channels: int, *, stride: int = 1, activate_all: bool = False) -> None:
        super().__init__()
        self.activate_all = activate_all
        self.activation = nn.Sequential(nn.BatchNorm2d(channels_in), nn.LeakyReLU(SLOPE))
        self.residual = nn.Sequential(
            nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
        )
        widens = channels_in != channels
        self.shortcut = nn.Conv2d(channels_in, channels, 1, stride, bias=False) if widens else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        active = self.activation(maps)
        added: Tensor = self.shortcut(active if self.activate_all else maps) + self.residual(active)
        return added
