"""Inference: the same answers as in double precision, also where torch's fastest kernels lose digits."""

from __future__ import annotations

import numpy as np
import torch
from toy import blueprint

from synthda.adapt.infer import probabilities
from synthda.adapt.resident import as_floats
from synthda.datasets.domain import ArrayImages


def test_even_photographs_are_predicted_to_single_precision() -> None:
    greys = np.stack([np.full((16, 16, 3), level, np.uint8) for level in range(256)])
    method = blueprint(width=24, seed=3).build().to(memory_format=torch.channels_last)
    found = probabilities(method, ArrayImages(greys))
    with torch.no_grad():
        exact = method.double().predict(as_floats(torch.from_numpy(greys)).double()).softmax(dim=1)
    np.testing.assert_allclose(found, exact, atol=5e-6)
