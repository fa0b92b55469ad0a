"""Adaptation of feature vectors, one method a file: `fit(source, labels, target)`, `predict(rows)`."""

from __future__ import annotations

SHALLOW: dict[str, str] = {
    "none": "synthda.adapt.shallow.none:NoAdaptation",
    "svm": "synthda.adapt.shallow.svm:SVM",
    "nn": "synthda.adapt.shallow.dann:ShallowNetwork",
    "sa": "synthda.adapt.shallow.sa:SubspaceAlignment",
    "gfk": "synthda.adapt.shallow.gfk:GeodesicFlowKernel",
    "coral": "synthda.adapt.shallow.coral:CORAL",
    "tca": "synthda.adapt.shallow.tca:TCA",
    "dann": "synthda.adapt.shallow.dann:ShallowDANN",
}
"""Import paths by name."""
