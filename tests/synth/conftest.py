from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A folder of 24 different photographs, 40×60 pixels."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(24):
        Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(folder / f"{number:02}.png")
    return folder


@pytest.fixture
def mnist_root(tmp_path: Path) -> Path:
    """A data root with 30 training and 20 test digits in MNIST's files."""
    raw = tmp_path / "root" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(1)
    for stem, count in (("train", 30), ("t10k", 20)):
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        header = np.array([2051, count, 28, 28], ">i4").tobytes()
        (raw / f"{stem}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        labels = (np.arange(count) % 10).astype(np.uint8)
        header = np.array([2049, count], ">i4").tobytes()
        (raw / f"{stem}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())
    return tmp_path / "root"


@pytest.fixture(scope="session")
def icons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of eight products on white, a file a class: four round ones and four packs."""
    folder = tmp_path_factory.mktemp("icons")
    colours = {"lemon": (230, 210, 50), "lime": (90, 160, 40), "plum": (110, 40, 90), "tomato": (200, 40, 30)}
    for name, colour in colours.items():
        image = Image.new("RGB", (90, 80), "white")
        ImageDraw.Draw(image).ellipse((10, 8, 80, 70), fill=colour)
        image.save(folder / f"{name}.png")
    for name, colour in {
        "cola": (140, 20, 20),
        "juice": (240, 150, 40),
        "milk": (60, 110, 190),
        "tea": (90, 120, 60),
    }.items():
        image = Image.new("RGB", (70, 110), "white")
        pen = ImageDraw.Draw(image)
        pen.rectangle((15, 5, 54, 104), fill=colour)
        pen.rectangle((22, 30, 47, 60), fill=(245, 245, 240))
        image.save(folder / f"{name}.png")
    return folder
