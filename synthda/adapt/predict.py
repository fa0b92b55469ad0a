"""Predictions of an exported model: NumPy and onnxruntime only, no torch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthda.datasets.domain import Images, in_blocks
from synthda.datasets.folders import list_photos, read_photo
from synthda.datasets.resize import Fit
from synthda.errors import DataError, RunError

BATCH = 64
PIXELS = 512 * 64 * 64
"""What passes a network at once, at most: its maps take many times the memory of the images."""


def at_once(height: int, width: int) -> int:
    """How many images of a size pass a network together."""
    return max(1, PIXELS // (height * width))


@dataclass(frozen=True)
class Prediction:
    """What the model says of one photograph; `error` instead, when the file could not be read."""

    path: Path
    label: str = ""
    confidence: float = float("nan")
    error: str = ""


class Classifier:
    """A model that `synthda export` wrote.

    Attributes:
        classes: class names, in the order of the probabilities.
        input_size: H, W in pixels of the images that it takes.
        fit: how photographs are brought to that size.
        metadata: everything that was recorded at export.
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime

        if not path.is_file():
            raise RunError(f"{path} does not exist; export a model with: synthda export RUN.")
        try:
            self._session = onnxruntime.InferenceSession(str(path), providers=onnxruntime.get_available_providers())
            self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
            self.classes: tuple[str, ...] = tuple(json.loads(self.metadata["classes"]))
            height, width = (int(side) for side in json.loads(self.metadata["input_size"]))
            self.fit: Fit = self.metadata["fit"]  # type: ignore[assignment]
            taken = [(node.name, node.type, node.shape[1:]) for node in self._session.get_inputs()]
            if taken != [("images", "tensor(uint8)", [height, width, 3])]:
                raise ValueError(f"it takes {taken}")
        except Exception as error:  # onnxruntime raises classes of its own C extension
            reason = (str(error) or type(error).__name__).splitlines()[0][:160]
            raise RunError(
                f"{path} is not a model that synthda exported ({reason}); export one with: synthda export RUN."
            ) from error
        self.input_size = (height, width)

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Class probabilities (N, K) of images (N, H, W, 3) uint8 of the model's input size."""
        rows = at_once(*self.input_size)
        blocks = [np.ascontiguousarray(images[first : first + rows]) for first in range(0, max(1, len(images)), rows)]
        return np.concatenate([self._session.run(None, {"images": block})[0] for block in blocks])

    def of_domain(self, images: Images) -> NDArray[np.float32]:
        """Class probabilities (N, K) of a whole domain."""
        return np.concatenate([self.probabilities(block) for block in in_blocks(images, 256)])

    def of_photos(self, folder: Path) -> Iterator[Prediction]:
        """A prediction for each photograph in a folder (or for one file), in the order of their paths.

        Raises:
            DataError: when there is no photograph, or none that can be read.
        """
        paths = list_photos(folder)
        if not paths:
            raise DataError(f"There is no image in {folder} or below it; give photographs (JPEG, PNG, …).")
        readable = 0
        with ThreadPoolExecutor() as pool:
            for first in range(0, len(paths), BATCH):
                batch = paths[first : first + BATCH]
                decoded = list(pool.map(self._decode, batch))
                images = [image for image in decoded if not isinstance(image, str)]
                readable += len(images)
                found = iter(self.probabilities(np.stack(images)) if images else ())
                for path, image in zip(batch, decoded, strict=True):
                    yield (
                        Prediction(path, error=image) if isinstance(image, str) else self._prediction(path, next(found))
                    )
        if not readable:
            raise DataError(
                f"None of the {len(paths)} images in {folder} can be read; give photographs (JPEG, PNG, …)."
            )

    def _decode(self, path: Path) -> NDArray[np.uint8] | str:
        try:
            return read_photo(path, self.input_size, self.fit)
        except DataError as error:
            return str(error)

    def _prediction(self, path: Path, probabilities: NDArray[np.float32]) -> Prediction:
        best = int(probabilities.argmax())
        return Prediction(path, self.classes[best], float(probabilities[best]))
