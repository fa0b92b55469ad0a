"""Adaptation methods, one a file."""

METHODS: dict[str, str] = {
    "source-only": "synthda.adapt.methods.source_only:SourceOnly",
    "train-on-target": "synthda.adapt.methods.source_only:SourceOnly",
    "dann": "synthda.adapt.methods.dann:DANN",
}
"""Import paths by name. `train-on-target`, the oracle, is source-only training on labelled target photographs."""
