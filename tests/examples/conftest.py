from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
CLASSES = ("apple", "<b>pear</b>", "plum, red", "quince")
SIZE = (12, 20)
"""Height and width that differ, so that an example that mixes them up is found out."""


@pytest.fixture(autouse=True)
def _examples_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `python examples/NAME.py` finds beside itself."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    for name in ("classify", "serve"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[[str], Path]:
    """Exported models without training, by fit: one linear layer of random weights, and features beside the answer."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def make(fit: str = "stretch") -> Path:
        weights = np.random.default_rng(0).normal(0, 3e-3, (SIZE[0] * SIZE[1] * 3, len(CLASSES)))
        nodes = [
            helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("Flatten", ["floats"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["features"]),
            helper.make_node("Softmax", ["features"], ["probabilities"], axis=1),
        ]
        outputs = ("probabilities", "features")
        graph = helper.make_graph(
            nodes,
            "linear",
            [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", *SIZE, 3])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", len(CLASSES)]) for name in outputs],
            [numpy_helper.from_array(weights.astype(np.float32), "weights")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
        size, names = str(list(SIZE)), '["apple", "<b>pear</b>", "plum, red", "quince"]'
        for name, value in {"classes": names, "input_size": size, "fit": fit, "method": "dann"}.items():
            model.metadata_props.add(key=name, value=value)
        path = tmp_path / f"{fit}.onnx"
        onnx.save(model, path)
        return path

    return make


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs of odd sizes, turned by EXIF in all eight ways, in every colour mode that files of the kind have."""
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(1)

    def picture(width: int, height: int) -> Image.Image:
        coarse = rng.integers(0, 256, (height // 7 + 2, width // 7 + 2, 3), dtype=np.uint8)
        return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)

    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        picture(211 - 9 * orientation, 97 + 31 * orientation).save(folder / f"turned-{orientation}.jpg", exif=exif)
    for width, height in ((1, 1), (3, 400), (20, 12), (41, 25), (799, 533)):
        picture(width, height).save(folder / f"{width}x{height}.png")
    picture(1200, 900).save(folder / "large.jpg")
    picture(90, 70).convert("L").save(folder / "grey.jpg")
    picture(90, 70).convert("CMYK").save(folder / "cmyk.jpg")
    picture(90, 70).save(folder / "lossy.webp", quality=60)
    picture(90, 70).quantize(16).save(folder / "palette.png", transparency=3)
    cut_out = picture(90, 70)
    cut_out.putalpha(picture(90, 70).convert("L"))
    cut_out.save(folder / "transparent.png")
    Image.fromarray(rng.integers(0, 65536, (50, 30), dtype=np.uint16)).save(folder / "sixteen-bits.png")
    return folder
