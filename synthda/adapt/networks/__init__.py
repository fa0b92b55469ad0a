"""Networks, one family a file."""

NETWORKS: dict[str, str] = {
    "conv-small": "synthda.adapt.networks.conv_small:ConvSmall",
    "ganin-mnist": "synthda.adapt.networks.ganin:GaninMnist",
    "ganin-svhn": "synthda.adapt.networks.ganin:GaninSvhn",
    "ganin-gtsrb": "synthda.adapt.networks.ganin:GaninGtsrb",
}
"""Import paths by name."""
