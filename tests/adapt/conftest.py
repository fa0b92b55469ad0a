from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tape import tape
from toy import CLASSES, blueprint, domain, train_toy

from synthda.adapt.export import export_onnx
from synthda.adapt.graph import CAPTURES
from synthda.adapt.method import Method
from synthda.adapt.run import Run


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Method:
    """A DANN that has learnt the toy problem."""
    run = Run(tmp_path_factory.mktemp("trained"))
    return train_toy(blueprint(steps=40, learning_rate=0.03), run)


@pytest.fixture(scope="session")
def model(trained: Method, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That method's ONNX file, with its parity.json beside it; it is not to be changed."""
    path = tmp_path_factory.mktemp("exported") / "model.onnx"
    facts = {"method": "dann", "network": "conv-small", "manifest": "f00d", "seed": 0}
    export_onnx(trained, domain(256).images, path, classes=CLASSES, fit="pad", facts=facts)
    return path


@pytest.fixture
def replaying(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called, it has every later training on the CPU replay its steps, where the method allows it."""
    return lambda: monkeypatch.setitem(CAPTURES, "cpu", tape)
