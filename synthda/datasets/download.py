"""Fetch public data sets with torchvision, which keeps their addresses and checksums."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from synthda.datasets.specs import data_set
from synthda.errors import DataError

FETCHED: dict[str, tuple[str, tuple[dict[str, Any], ...]]] = {
    "mnist": ("MNIST", ({"train": True}, {"train": False})),
    "usps": ("USPS", ({"train": True}, {"train": False})),
    "svhn": ("SVHN", ({"split": "train"}, {"split": "test"})),
    "gtsrb": ("GTSRB", ({"split": "train"}, {"split": "test"})),
}
"""torchvision's class for each data set, and its arguments for each part; SVHN's `extra` (1.3 GB) is left to hand."""


def download(name: str, root: Path) -> None:
    """Put the published files of a data set below `root`, where its reader looks for them; what is there is kept.

    Raises:
        SettingError: when there is no such data set.
        DataError: when it has to be fetched by hand, or fetching fails.
    """
    found = data_set(name)
    if name not in FETCHED:
        raise DataError(f"Data set {name} cannot be downloaded by a program: {found.by_hand}.")
    from torchvision import datasets

    class_name, parts = FETCHED[name]
    fetch = getattr(datasets, class_name)
    try:
        Path(root).mkdir(parents=True, exist_ok=True)
        for part in parts:
            fetch(str(root), download=True, **part)
    except (OSError, RuntimeError, ValueError) as error:  # ValueError: a file that is there, and damaged
        raise DataError(f"Data set {name} could not be downloaded ({_one_line(error)}): {found.by_hand}.") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
