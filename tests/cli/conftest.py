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


@pytest.fixture
def brightness_model(tmp_path: Path) -> Path:
    """A model without training: the probability of `bright` is the mean of the 8×8 image, divided by 255."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def constant(name: str, values: object, kind: type) -> onnx.TensorProto:
        return numpy_helper.from_array(np.array(values, dtype=kind), name)

    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["floats"], ["flat"]),
        helper.make_node("ReduceMean", ["flat", "axis"], ["mean"]),
        helper.make_node("Div", ["mean", "most"], ["bright"]),
        helper.make_node("Sub", ["one", "bright"], ["dark"]),
        helper.make_node("Concat", ["bright", "dark"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", 8, 8, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2])],
        [constant("axis", [1], np.int64), constant("most", 255, np.float32), constant("one", 1, np.float32)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    for name, value in {"classes": '["bright", "dark"]', "input_size": "[8, 8]", "fit": "stretch"}.items():
        model.metadata_props.add(key=name, value=value)
    onnx.save(model, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


@pytest.fixture
def grey_photos(tmp_path: Path) -> Path:
    """Class folders of even greys: two bright ones (204, 255), two dark ones (0, and 204, which looks bright)."""
    for name, levels in {"bright": (204, 255), "dark": (0, 204)}.items():
        folder = tmp_path / "greys" / name
        folder.mkdir(parents=True)
        for level in levels:
            Image.new("RGB", (20, 10), (level, level, level)).save(folder / f"{level}.png")
    (tmp_path / "greys" / "dark" / "broken.png").write_bytes(b"")
    return tmp_path / "greys"
