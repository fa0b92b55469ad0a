"""When a classifier answers `unknown`: a temperature and a logit, calibrated on labelled images that it knows.

A softmax is sure of much that is no class, for it only compares the classes; how large the largest logit is tells more
(Hendrycks et al. 2022, "Scaling out-of-distribution detection for real-world settings").
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from synthda.adapt.infer import outputs
from synthda.adapt.method import Method
from synthda.datasets.domain import Domain
from synthda.errors import DataError
from synthda.manifest import FORMAT, read_manifest, write_json

KEPT = 0.95
"""Share of the known images that are to be taken for known."""
COLDEST, HOTTEST = 0.25, 20.0
"""Range of the temperature: where no held-out image is wrong, cross-entropy alone would cool without end."""


@dataclass(frozen=True)
class Rejection:
    """What is asked of a prediction before a class is answered.

    Attributes:
        temperature: logits are divided by it (Guo et al. 2017): above 1 for a network that is too sure.
        unknown_logit: the answer is `unknown` where no class's logit, so divided, reaches it.
        kept: share of the images below that are not rejected.
        images: how many it was calibrated on.
    """

    temperature: float
    unknown_logit: float
    kept: float
    images: int

    def apply_to(self, method: Method) -> None:
        """Have `method` deploy it."""
        method.temperature, method.unknown_logit = self.temperature, self.unknown_logit

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def write(self, path: Path) -> None:
        write_json(path, {"format": FORMAT, "kind": "rejection", **self.as_dict()})

    @classmethod
    def read(cls, path: Path) -> Rejection:
        """Raises DataError when the file is damaged."""
        content = read_manifest(path)
        try:
            return cls(**{name: content[name] for name in cls.__dataclass_fields__})
        except KeyError as error:
            raise DataError(f"{path} lacks {error}; run synthda adapt again.") from error


def calibrate(logits: NDArray[np.float32], labels: NDArray[np.int64], kept: float = KEPT) -> Rejection:
    """The temperature of least cross-entropy, and the logit that the largest of `kept` of the images reach.

    Args:
        logits: (n, K), of images that training has not seen.
        labels: (n,) of the K known classes.

    Raises:
        DataError: when there is no image.
    """
    if len(labels) == 0:
        raise DataError("There are no held-out images to calibrate on; give --hold-out a larger share.")

    def cross_entropy(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-scaled[np.arange(len(labels)), labels].mean())

    found = minimize_scalar(cross_entropy, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    temperature = float(np.exp(found.x))
    largest = (logits / temperature).max(axis=1)
    # The image whose largest logit this is passes: of equal ones, the first is answered, and `unknown` is the last.
    limit = float(np.sort(largest)[round((1 - kept) * len(largest))])
    return Rejection(temperature, limit, float((largest >= limit).mean()), len(largest))


def calibrated(method: Method, held_out: Domain) -> Rejection:
    """Calibrated on held-out source images, labels counted by the network's classes."""
    return calibrate(outputs(method, held_out.images), held_out.labels)
