"""Inference: the same answers as in double precision, also where torch's fastest kernels lose digits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from toy import blueprint

from synthda.adapt import infer
from synthda.adapt.infer import batch_on, probabilities
from synthda.adapt.resident import as_floats
from synthda.datasets.domain import ArrayImages


def test_even_photographs_are_predicted_to_single_precision() -> None:
    greys = np.stack([np.full((16, 16, 3), level, np.uint8) for level in range(256)])
    method = blueprint(width=24, seed=3).build().to(memory_format=torch.channels_last)
    found = probabilities(method, ArrayImages(greys))
    with torch.no_grad():
        exact = method.double().predict(as_floats(torch.from_numpy(greys)).double()).softmax(dim=1)
    np.testing.assert_allclose(found, exact, atol=5e-6)


def test_batches_suit_the_device_and_never_pass_the_memory_s_limit() -> None:
    processor, accelerator = torch.device("cpu"), torch.device("cuda", 0)
    assert [batch_on(processor, side, side) for side in (28, 32, 64, 224, 8192)] == [167, 128, 32, 8, 1]
    assert [batch_on(accelerator, side, side) for side in (28, 64, 224, 8192)] == [512, 512, 41, 1]


def test_the_answers_do_not_depend_on_the_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    images = ArrayImages(np.random.default_rng(0).integers(0, 256, (50, 16, 16, 3), dtype=np.uint8))
    method = blueprint(seed=3).build()
    whole = probabilities(method, images)
    monkeypatch.setattr(infer, "BATCH", 7)
    np.testing.assert_allclose(probabilities(method, images), whole, atol=1e-6)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_an_accelerator_answers_as_the_processor_does() -> None:
    images = ArrayImages(np.random.default_rng(0).integers(0, 256, (2000, 16, 16, 3), dtype=np.uint8))
    method = blueprint(seed=3).build()
    expected = probabilities(method, images)
    np.testing.assert_allclose(probabilities(method.cuda(), images), expected, atol=1e-4)
