"""Networks, one family a file."""

from __future__ import annotations

from typing import Literal, get_args

NETWORKS: dict[str, str] = {
    "conv-small": "synthda.adapt.networks.conv_small:ConvSmall",
    "ganin-mnist": "synthda.adapt.networks.ganin:GaninMnist",
    "ganin-svhn": "synthda.adapt.networks.ganin:GaninSvhn",
    "ganin-gtsrb": "synthda.adapt.networks.ganin:GaninGtsrb",
    "self-ensembling-digits": "synthda.adapt.networks.self_ensembling:SelfEnsemblingDigits",
    "self-ensembling-signs": "synthda.adapt.networks.self_ensembling:SelfEnsemblingSigns",
    "wrn-28-2": "synthda.adapt.networks.wide_resnet:WideResNet28x2",
    "backbone": "synthda.adapt.networks.backbone:Backbone",
}
"""Import paths by name."""

Model = Literal[
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "squeezenet1_0",
    "squeezenet1_1",
    "mobilenet_v3_small",
    "mobilenet_v3_large",
    "efficientnet_b0",
    "convnext_tiny",
    "vit_b_16",
    "swin_t",
]
MODELS: tuple[Model, ...] = get_args(Model)
"""Of the network `backbone`: those whose pooling can be had with a deterministic gradient; torchvision has more."""


def check_network(name: str) -> None:
    """Raise SettingError where no network has that name; a backbone's model is told how to be given."""
    from synthda.errors import SettingError
    from synthda.settings import lookup

    if name in MODELS:
        raise SettingError(f"{name} is a model of the network backbone; give --backbone {name} in place of --network.")
    lookup("network", name, NETWORKS)
