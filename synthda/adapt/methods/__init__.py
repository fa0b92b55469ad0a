"""Adaptation methods, one a file."""

METHODS: dict[str, str] = {
    "source-only": "synthda.adapt.methods.source_only:SourceOnly",
    "train-on-target": "synthda.adapt.methods.train_on_target:TrainOnTarget",
    "dann": "synthda.adapt.methods.dann:DANN",
}
"""Import paths by name."""
