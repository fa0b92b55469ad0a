"""Networks, adaptation methods, the training loop, evaluation and export."""

NETWORKS: dict[str, str] = {
    "conv-small": "synthda.adapt.networks:ConvSmall",
    "ganin-mnist": "synthda.adapt.networks:GaninMnist",
    "ganin-svhn": "synthda.adapt.networks:GaninSvhn",
    "ganin-gtsrb": "synthda.adapt.networks:GaninGtsrb",
}
"""Import paths by name."""
