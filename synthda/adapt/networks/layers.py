"""Layers that several networks are made of, and how their weights start."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from synthda.adapt.network import Size
from synthda.errors import SettingError


def fully_connected(widths: tuple[int, ...], dropout: float = 0.0) -> nn.Sequential:
    """Linear layers of the given widths, input first, with ReLU (and dropout) between them, none after the last."""
    layers: list[nn.Module] = []
    for width_in, width_out in pairwise(widths[:-1]):
        layers += [nn.Linear(width_in, width_out), nn.ReLU()]
        if dropout:
            layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


class GlobalAverage(nn.Module):
    """(B, C, H, W) → (B, C), by a plain mean: its gradient is deterministic on every device."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.mean(dim=(2, 3))


def initialise(network: nn.Module) -> None:
    """Glorot-uniform weights and zero biases, the usual start of Caffe models such as the paper's."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def flattened(extractor: nn.Sequential, input_size: Size) -> int:
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
