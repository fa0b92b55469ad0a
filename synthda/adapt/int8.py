"""A smaller copy of an exported model whose layers compute in 8 bits (post-training static quantisation).

Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference"; the
graph is rewritten by onnxruntime.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.evaluate import evaluate
from synthda.adapt.predict import Classifier
from synthda.adapt.run import parity_beside
from synthda.datasets.domain import Domain, Images, distinct, labels_by_name
from synthda.errors import RunError
from synthda.manifest import sha256_of, write_json, written_then_named

LAYERS = ("Conv", "Gemm", "MatMul")
"""What computes in 8 bits: nearly all of the work. Preprocessing, normalisation and softmax stay in floats."""

LEAST_AGREEMENT = 0.9
"""With fewer of its classes kept a model gets no name: it is another classifier than the one that was measured."""

LEAST_IMAGES = 16


def export_int8(model: Path, images: Images, path: Path, *, labelled: Domain | None = None) -> dict[str, Any]:
    """Write `path`, and beside it the comparison, as `export_onnx` does; returns the latter's content. No torch.

    Args:
        model: what `export_onnx` wrote.
        images: at least 16 different unlabelled images as the model takes them: the ranges of the activations are taken
            from every second one, and the two models are compared on the others; copies are left out.
        path: the file to write; it takes and gives what `model` does, and says the same of itself.
        labelled: images of the model's size whose accuracy by both models is told beside it.

    Raises:
        RunError: when `model` is not one that synthda exported, there are too few images or of another size, or the
            two models disagree on more than one image in ten.
        DataError: when `labelled` has classes that the model does not know, or no labels.
    """
    original, images = Classifier(model, exact=True), distinct(images)
    if images.shape[0] < LEAST_IMAGES or images.shape[1:3] != original.input_size:
        raise RunError(
            f"{model} is calibrated on {LEAST_IMAGES} different images or more of {original.input_size} pixels; given "
            f"{images.shape[0]} of {images.shape[1:3]}."
        )
    rows = np.arange(images.shape[0], dtype=np.int64)
    ranges, others = images.read(rows[::2]), images.read(rows[1::2])
    if labelled is not None:
        labels_by_name(labelled, original.classes)  # before the work
    with written_then_named(path) as partial:
        quantise(model, partial, ranges)
        smaller = Classifier(partial, exact=True)
        parity = {"calibrated_on": len(ranges)} | _compare(original, smaller, others)
        if not parity["same_class"] >= LEAST_AGREEMENT:
            changed = round((1 - parity["same_class"]) * len(others))
            raise RunError(
                f"In 8 bits the model gives another class to {changed} of {len(others)} images, more than "
                f"{1 - LEAST_AGREEMENT:.0%}; nothing was written. Use {model}."
            )
        if labelled is not None:
            parity["accuracy"] = _accuracies(original, smaller, labelled)
        parity["bytes"] = {"float": model.stat().st_size, "int8": partial.stat().st_size}
    write_json(parity_beside(path), parity)
    return parity


def quantise(model: Path, path: Path, images: NDArray[np.uint8]) -> None:
    """Write `path`: `model` with its layers in 8 bits, the ranges of their inputs those that `images` cause.

    Nothing is compared; use `export_int8`.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as scratch, _advice_left_out():
        folded = Path(scratch) / "folded.onnx"
        quant_pre_process(str(model), str(folded), skip_symbolic_shape=True)  # batch norm goes into the convolutions
        quantize_static(
            str(folded),
            str(path),
            _Calibration(images),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(LAYERS),
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,  # 7 bits of weight: processors without VNNI add pairs of products in 16 bits
        )
    graph = onnx.load(path)
    for name, value in {"precision": "int8", "calibrated_on": str(len(images)), "float": sha256_of(model)}.items():
        graph.metadata_props.add(key=name, value=value)
    onnx.save(graph, path)


class _Calibration:
    """The images, a batch at a time, as onnxruntime asks for them."""

    def __init__(self, images: NDArray[np.uint8], batch: int = 32) -> None:
        self.batches = iter([images[first : first + batch] for first in range(0, len(images), batch)])

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        batch = next(self.batches, None)
        return None if batch is None else {"images": batch}


@contextmanager
def _advice_left_out() -> Iterator[None]:
    """Silence the advice on quantisation that onnxruntime logs to the root logger."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _compare(original: Classifier, smaller: Classifier, images: NDArray[np.uint8]) -> dict[str, Any]:
    if original.feature_dim is None:
        return _agreement(original.probabilities(images), smaller.probabilities(images))
    (expected, features), (found, found_features) = (
        model.probabilities_and_features(images) for model in (original, smaller)
    )
    lengths = np.linalg.norm(features, axis=1) * np.linalg.norm(found_features, axis=1)
    cosines = (features * found_features).sum(axis=1) / np.maximum(lengths, np.finfo(np.float32).tiny)
    return _agreement(expected, found) | {"features": {"mean_cosine": float(cosines.mean())}}


def _agreement(expected: NDArray[np.float32], found: NDArray[np.float32]) -> dict[str, Any]:
    return {
        "images": len(expected),
        "same_class": float((found.argmax(axis=1) == expected.argmax(axis=1)).mean()),
        "largest_difference": float(np.abs(found - expected).max()),
    }


def _accuracies(original: Classifier, smaller: Classifier, labelled: Domain) -> dict[str, Any]:
    labels = labels_by_name(labelled, original.classes)
    scores = [evaluate(model.of_domain(labelled.images), labels, model.classes) for model in (original, smaller)]
    return {
        "data": labelled.name,
        "n": scores[0].n,
        "float": scores[0].accuracy,
        "int8": scores[1].accuracy,
    }
