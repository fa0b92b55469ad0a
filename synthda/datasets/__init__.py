"""Domains to read: rendered shards, folders of photographs, and the public data sets of the field, without torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthda.datasets.domain import ArrayImages, Domain, Images, Scenes
    from synthda.datasets.folders import list_photos, open_folder
    from synthda.datasets.photos import read_photo
    from synthda.datasets.reader import DataSet
    from synthda.datasets.resize import resized
    from synthda.datasets.shards import open_shards
    from synthda.datasets.specs import data_set, open_domain

DATASETS: dict[str, str] = {
    "mnist": "synthda.datasets.mnist:MNIST",
    "mnist-m": "synthda.datasets.mnist_m:MNIST_M",
    "usps": "synthda.datasets.usps:USPS",
    "svhn": "synthda.datasets.svhn:SVHN",
    "gtsrb": "synthda.datasets.gtsrb:GTSRB",
    "bsds500": "synthda.datasets.bsds:BSDS500",
    "sklearn-digits": "synthda.datasets.sklearn_digits:SKLEARN_DIGITS",
}
"""Where the description of each named data set is found: a `DataSet`, imported when asked for."""

FORMATS: dict[str, str] = {
    "imagefolder": "synthda.datasets.imagefolder:ImageFolder",
    "hf": "synthda.datasets.huggingface:HuggingFace",
    "webdataset": "synthda.datasets.webdataset:WebDataset",
}
"""Formats for other tools, that domains are converted to and from: where the class of each is found."""

_HOMES = {
    "ArrayImages": "domain",
    "DataSet": "reader",
    "Domain": "domain",
    "Images": "domain",
    "Scenes": "domain",
    "data_set": "specs",
    "list_photos": "folders",
    "open_domain": "specs",
    "open_folder": "folders",
    "open_shards": "shards",
    "read_photo": "photos",
    "resized": "resize",
}

__all__ = [
    "DATASETS",
    "FORMATS",
    "ArrayImages",
    "DataSet",
    "Domain",
    "Images",
    "Scenes",
    "data_set",
    "list_photos",
    "open_domain",
    "open_folder",
    "open_shards",
    "read_photo",
    "resized",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
