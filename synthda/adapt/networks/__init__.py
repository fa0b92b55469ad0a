"""Networks, one family a file."""

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
