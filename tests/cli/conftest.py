from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synthda.cli import main
from synthda.synth import RENDERERS


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Synthda = Callable[..., Outcome]


@pytest.fixture
def synthda(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Synthda:
    """Run the command line in this process, in an empty folder; nothing but its exit code and its words come back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SYNTHDA_DATA", raising=False)
    monkeypatch.setitem(RENDERERS, "stripes", "stripes:Stripes")

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["synthda", *map(str, arguments)])
        try:
            main()
            code: object = 0
        except SystemExit as stop:
            code = stop.code or 0
        said = capsys.readouterr()
        assert isinstance(code, int)
        return Outcome(code, said.out, said.err)

    return run


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Six photographs of two classes, in their own sizes, and one file that is none."""
    rng = np.random.default_rng(0)
    for name in ("level", "upright"):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for number in range(3):
            pixels = rng.integers(0, 256, (30 + 10 * number, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    (tmp_path / "photos" / "level" / "broken.jpg").write_bytes(b"no photograph")
    return tmp_path / "photos"
