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
    """(B, C, H, W) → (B, C), or (B, C, 1, 1) by `keepdim`: a plain mean's gradient is deterministic on every device."""

    def __init__(self, *, keepdim: bool = False) -> None:
        super().__init__()
        self.keepdim = keepdim

    def forward(self, maps: Tensor) -> Tensor:
        return maps.mean(dim=(2, 3), keepdim=self.keepdim)


def initialise(network: nn.Module) -> None:
    """Glorot-uniform weights and zero biases, the usual start of Caffe models such as the paper's."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def refuse_below(least: int, input_size: Size, network: str) -> None:
    """Raise SettingError for images with a side under `least` px."""
    if min(input_size) < least:
        raise SettingError(f"{network} takes images from {least} px up; given {input_size[1]}×{input_size[0]}.")


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
