"""The stages of torchvision's models, from the image to the features: what can be frozen or learn at its own rate."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn


def stages_of(layers: nn.Module) -> list[list[str]]:
    """Names of all parameters, stage by stage; what stands between two blocks belongs to the one before it.

    A stage is a block as the model's own definition lists them: of a ResNet the stem and its four layers, of a
    transformer the embedding and each encoder block, of the others each part of `features` that has parameters.
    """
    blocks = _blocks(layers)
    stages: list[list[str]] = [[] for _ in blocks]
    for name, stage in _placed([name for name, _ in layers.named_parameters()], blocks):
        stages[stage].append(name)
    return stages


def modules_of(layers: nn.Module, first: int) -> list[nn.Module]:
    """The modules without children, such as norms and dropouts, of the `first` stages."""
    leaves = {name: module for name, module in layers.named_modules() if name and not list(module.children())}
    return [leaves[name] for name, stage in _placed(list(leaves), _blocks(layers)) if stage < first]


def _blocks(layers: nn.Module) -> list[str]:
    """Dotted names of the blocks, in order."""
    children = dict(layers.named_children())
    if "features" in children:
        parts = children["features"].named_children()
        return [f"features.{name}" for name, part in parts if any(True for _ in part.parameters())]
    if "encoder" in children:
        parts = layers.get_submodule("encoder.layers").named_children()
        return ["conv_proj", *(f"encoder.layers.{name}" for name, _ in parts)]
    return ["conv1", *(name for name in children if name.startswith("layer"))]


def _placed(names: Iterable[str], blocks: list[str]) -> Iterable[tuple[str, int]]:
    """Every name with the number of the block that it is in, or that it follows."""
    stage = 0
    for name in names:
        stage = next((index for index, block in enumerate(blocks) if f"{name}.".startswith(f"{block}.")), stage)
        yield name, stage
