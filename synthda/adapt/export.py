"""Export of what is deployed to ONNX: images in, class probabilities and features out, compared before it is named."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from synthda import __version__
from synthda.adapt.infer import features_and_chances, features_seen
from synthda.adapt.method import Method
from synthda.adapt.predict import FEATURES, PROBABILITIES, Classifier
from synthda.adapt.resident import as_floats
from synthda.adapt.run import parity_beside
from synthda.datasets.domain import Images
from synthda.errors import RunError
from synthda.manifest import write_json, written_then_named

TOLERANCE = 1e-4
LEAST_IMAGES = 256


class Deployed(nn.Module):
    """(N, H, W, 3) uint8 images → (N, K) probabilities and (N, D) features, float32.

    Preprocessing and softmax are part of the graph; the features are what enters the label predictor.
    """

    def __init__(self, method: Method) -> None:
        super().__init__()
        self.method = method

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        with features_seen(self.method) as seen:
            chances = self.method.chances(as_floats(images))
        return chances, seen[0].flatten(1)


def export_onnx(
    method: Method,
    images: Images,
    path: Path,
    *,
    classes: tuple[str, ...],
    fit: str,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Write `path` and, beside it, the comparison (`parity.json` of `model.onnx`); returns the latter's content.

    Args:
        method: trained, on any device; it is exported from the CPU.
        images: at least 256 real or rendered images to compare on.
        path: the ONNX file; it gets this name only once the comparison has passed.
        classes: class names, in the order of the outputs.
        fit: how photographs are brought to the input size (stretch, pad, crop).
        facts: what else to record: method, network, manifest hash.

    Raises:
        RunError: when the images are too few or of another size; when onnxruntime and the trained network disagree on
            a class, by 1e-4 on a probability, or on a feature by that share of the largest one.
    """
    height, width = method.network.input_size
    if images.shape[0] < LEAST_IMAGES:
        raise RunError(f"An export is compared on at least {LEAST_IMAGES} images; given {images.shape[0]}.")
    if images.shape[1:3] != (height, width):
        raise RunError(
            f"The network takes images of {(height, width)} pixels; given {images.shape[1:3]} to compare on."
        )
    method = method.cpu().eval()
    metadata = {
        "synthda": __version__,
        "classes": json.dumps(list(classes)),
        "input_size": json.dumps([height, width]),
        "fit": fit,
        **{name: str(value) for name, value in facts.items()},
    }
    with written_then_named(path) as partial:
        _write_graph(Deployed(method), partial, (height, width), metadata)
        parity = _compare(partial, features_and_chances(method, images), images)
        furthest = np.maximum(parity["largest_difference"], parity["features"]["largest_difference"])
        if parity["different_classes"] or not furthest < TOLERANCE:  # NaN is no agreement
            raise RunError(
                f"The exported model disagrees with the trained network ({parity['different_classes']} of "
                f"{parity['images']} classes, largest difference {furthest:.1e}); nothing was exported. Try another "
                "version of torch or onnxruntime."
            )
    write_json(parity_beside(path), parity)
    return parity


def _write_graph(model: nn.Module, path: Path, size: tuple[int, int], metadata: Mapping[str, str]) -> None:
    import onnx

    example = torch.zeros(2, *size, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter deprecates its own internals
        program = torch.onnx.export(
            model,
            (example,),
            input_names=["images"],
            output_names=[PROBABILITIES, FEATURES],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    graph = program.model_proto
    for name, value in metadata.items():
        graph.metadata_props.add(key=name, value=value)
    onnx.save(graph, path)


def _compare(path: Path, expected: tuple[NDArray[np.float32], NDArray[np.float32]], images: Images) -> dict[str, Any]:
    classifier, (features, chances) = Classifier(path, exact=True), expected
    parts = [classifier.probabilities_and_features(images.read(rows)) for rows in _thirds(images.shape[0])]
    got, got_features = (np.concatenate(found) for found in zip(*parts, strict=True))
    largest = max(float(np.abs(features).max()), 1e-30)
    return {
        "images": len(chances),
        "different_classes": int((got.argmax(axis=1) != chances.argmax(axis=1)).sum()),
        "largest_difference": float(np.abs(got - chances).max()),
        "features": {
            "width": features.shape[1],
            "largest_difference": float(np.abs(got_features - features).max()) / largest,  # no unit of their own
        },
        "tolerance": TOLERANCE,
    }


def _thirds(n: int) -> list[NDArray[np.int64]]:
    """All rows in three batches, one of them a single image: the batch dimension must really be free."""
    rows = np.arange(n, dtype=np.int64)
    return [rows[:1], rows[1 : n // 2], rows[n // 2 :]]
