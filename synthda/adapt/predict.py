"""Predictions of an exported model: NumPy and onnxruntime only, no torch."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.run import Run
from synthda.cores import cores
from synthda.datasets.boxes import Boxed, BoxInPixels, read_crops
from synthda.datasets.domain import Images, in_blocks
from synthda.datasets.folders import list_photos
from synthda.datasets.photos import read_photo
from synthda.datasets.resize import Fit
from synthda.errors import DataError, RunError, SettingError
from synthda.near import near_path
from synthda.shell import quoted
from synthda.wording import counted

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

BATCH = 16
"""Photographs that a thread decodes before it classifies them, and the most that pass a network at once on a
processor: their maps then stay in its caches."""

PIXELS = 512 * 64 * 64
"""What passes a network at once, at most: its maps take many times the memory of the images."""

SHARE = 8
"""A thread of many takes this part of `PIXELS` at once."""

PROBABILITIES, FEATURES = "probabilities", "features"
"""What an exported model gives, by name; those of earlier versions lack the second."""

PROCESSOR, GPU = "CPUExecutionProvider", "CUDAExecutionProvider"
"""As onnxruntime calls them. Of what else it may offer, TensorRT compiles for minutes, and CoreML rounds."""

Given = TypeVar("Given")
Found = TypeVar("Found")


def at_once(height: int, width: int) -> int:
    """How many images of a size pass a network together."""
    return max(1, PIXELS // (height * width))


def in_threads(
    function: Callable[[Given], Found], items: Iterable[Given], threads: int, stopped: Event | None = None
) -> Iterator[Found]:
    """`function` of each item, in the order of the items; the threads run a few items ahead of what is taken.

    Args:
        stopped: set as soon as nothing more is taken (Ctrl-C, an error, a caller that has seen enough); the threads
            are then waited for, and what they have begun may look at it to end sooner.
    """
    pool, waiting = ThreadPoolExecutor(threads), deque[Future[Found]]()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        if stopped is not None:
            stopped.set()
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class Prediction:
    """What the model says of one photograph, or of a box in it; `error` instead, when there is nothing to classify."""

    path: Path
    label: str = ""
    confidence: float = float("nan")
    error: str = ""
    box: BoxInPixels | None = None


class Classifier:
    """A model that `synthda export` wrote.

    Each thread decodes photographs and runs the network on them by itself, so that no core waits for another; the
    answers do not depend on the number of threads.

    Args:
        path: the ONNX file.
        threads: how many work at the same time; None for one a core.
        exact: ask the processor, in the precision of the training, even where there is something faster.

    Attributes:
        classes: class names, in the order of the probabilities.
        input_size: H, W in pixels of the images that it takes.
        fit: how photographs are brought to that size.
        metadata: everything that was recorded at export.
        feature_dim: D, how many features it gives of an image; None for a model that was exported without.

    Raises:
        RunError: when there is no such file, or it is no model that synthda exported.
        SettingError: for less than one thread.
    """

    def __init__(self, path: Path, *, threads: int | None = None, exact: bool = False) -> None:
        if threads is not None and threads < 1:
            raise SettingError(f"{threads} threads cannot work; give 1 or more, or leave it out for one a core.")
        if not path.is_file():
            raise RunError(_no_model(path))
        try:
            self._session = _session(path, exact=exact)
            self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
            self.classes: tuple[str, ...] = tuple(json.loads(self.metadata["classes"]))
            height, width = (int(side) for side in json.loads(self.metadata["input_size"]))
            self.fit: Fit = self.metadata["fit"]  # type: ignore[assignment]
            taken = [(node.name, node.type, node.shape[1:]) for node in self._session.get_inputs()]
            if taken != [("images", "tensor(uint8)", [height, width, 3])]:
                raise ValueError(f"it takes {taken}")
            outputs = {node.name: node.shape[1:] for node in self._session.get_outputs()}
            given = outputs.get(PROBABILITIES, list(outputs))
            if given != [len(self.classes)] or self.fit not in get_args(Fit):
                raise ValueError(f"it gives {given} for {len(self.classes)} classes, by the fit {self.fit!r}")
        except Exception as error:  # onnxruntime raises classes of its own C extension
            reason = (str(error) or type(error).__name__).splitlines()[0][:160]
            raise RunError(
                f"{path} is not a model that synthda exported ({reason}); export one with: synthda export RUN."
            ) from error
        self.path = path
        self.input_size = (height, width)
        self.feature_dim: int | None = outputs[FEATURES][0] if FEATURES in outputs else None
        self._threads = threads or cores()
        self._on_processor = self._session.get_providers() == [PROCESSOR]

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Class probabilities (N, K) of images (N, H, W, 3) uint8 of the model's input size."""
        return np.concatenate([self._none(), *self._answers(self._parts(images))])

    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What enters the label predictor, (N, D), of images (N, H, W, 3) uint8 of the model's input size.

        Raises:
            RunError: when the model was exported without.
        """
        return self.probabilities_and_features(images)[1]

    def probabilities_and_features(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Both, (N, K) and (N, D), of one pass; raises RunError as `features`."""
        if self.feature_dim is None:
            raise RunError(
                f"{self.path} gives no features, as models of earlier versions; export it again with: synthda export "
                "RUN --force."
            )
        parts = list(in_threads(self._run_both, self._parts(images), self._threads))
        nothing = [self._none(), np.empty((0, self.feature_dim), np.float32)]
        probabilities, features = (np.concatenate(found) for found in zip(nothing, *parts, strict=True))
        return probabilities, features

    def of_domain(self, images: Images) -> NDArray[np.float32]:
        """Class probabilities (N, K) of a whole domain."""
        parts = (part for block in in_blocks(images, 256) for part in self._parts(block))
        return np.concatenate([self._none(), *self._answers(parts)])

    def of_photos(self, folder: Path) -> Iterator[Prediction]:
        """A prediction for each photograph in a folder (or for one file), in the order of their paths.

        Raises:
            DataError: when there is no photograph, or none that can be read.
        """
        paths = list_photos(folder)
        if not paths:
            raise DataError(f"There is no image in {folder} or below it; give photographs (JPEG, PNG, …).")
        stopped, readable, first = Event(), 0, ""

        def of_some(some: list[Path]) -> list[Prediction]:
            return self._of_decoded(some, [self._decode(path) for path in some if not stopped.is_set()])

        groups = (paths[first : first + BATCH] for first in range(0, len(paths), BATCH))
        for found in in_threads(of_some, groups, self._threads, stopped):
            readable += sum(not prediction.error for prediction in found)
            first = first or next((prediction.error for prediction in found if prediction.error), "")
            yield from found
        if not readable:
            raise DataError(
                f"None of the images in {folder} can be read ({len(paths):,} tried); give photographs (JPEG, PNG, …). "
                f"The first: {first}"
            )

    def of_boxes(self, photographs: Sequence[Boxed]) -> Iterator[Prediction]:
        """A prediction for each box, photograph by photograph, in the order given; each is decoded once, whole.

        A box beyond its photograph, and a photograph that cannot be read, is one prediction with an error.

        Raises:
            DataError: when there is nothing in any box.
        """
        stopped, usable, first = Event(), 0, ""

        def of_one(boxed: Boxed) -> list[Prediction]:
            return [] if stopped.is_set() else self._of_crops(boxed)

        for found in in_threads(of_one, photographs, self._threads, stopped):
            usable += sum(not prediction.error for prediction in found)
            first = first or next((prediction.error for prediction in found if prediction.error), "")
            yield from found
        if not usable:
            raise DataError(
                f"None of the boxes in {counted(len(photographs), 'photograph')} shows anything that can be read; "
                f"boxes are x, y, w, h in pixels of the upright photograph. The first: {first}"
            )

    def _of_crops(self, boxed: Boxed) -> list[Prediction]:
        try:
            crops = read_crops(boxed.path, boxed.boxes, self.input_size, self.fit)
        except DataError as error:
            return [Prediction(boxed.path, error=str(error))]
        told = [f"{boxed.path}: {crop}." if isinstance(crop, str) else crop for crop in crops]
        found = self._of_decoded([boxed.path] * len(told), told)
        return [replace(one, box=box) for one, box in zip(found, boxed.boxes, strict=True)]

    def _parts(self, images: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """What passes the network at once: as much as an accelerator holds, or what suits the caches."""
        rows = at_once(*self.input_size)
        rows = min(BATCH, max(1, rows // SHARE)) if self._on_processor else rows
        return [images[first : first + rows] for first in range(0, len(images), rows)]

    def _none(self) -> NDArray[np.float32]:
        """The probabilities of no image."""
        return np.empty((0, len(self.classes)), np.float32)

    def _answers(self, parts: Iterable[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        if isinstance(parts, list) and len(parts) == 1:  # no thread for a single answer
            return [self._run(parts[0])]
        return list(in_threads(self._run, parts, self._threads))

    def _run(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._session.run([PROBABILITIES], {"images": np.ascontiguousarray(images)})[0]
        return found

    def _run_both(self, images: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        found: list[NDArray[np.float32]]
        found = self._session.run([PROBABILITIES, FEATURES], {"images": np.ascontiguousarray(images)})
        return found

    def _decode(self, path: Path) -> NDArray[np.uint8] | str:
        try:
            return read_photo(path, self.input_size, self.fit)
        except DataError as error:
            return str(error)

    def _of_decoded(self, paths: list[Path], decoded: list[NDArray[np.uint8] | str]) -> list[Prediction]:
        images = [image for image in decoded if not isinstance(image, str)]
        found = iter([row for part in self._parts(np.stack(images)) for row in self._run(part)] if images else ())
        return [
            Prediction(path, error=image) if isinstance(image, str) else self._prediction(path, next(found))
            for path, image in zip(paths, decoded, strict=False)  # fewer are decoded once nobody waits for them
        ]

    def _prediction(self, path: Path, probabilities: NDArray[np.float32]) -> Prediction:
        best = int(probabilities.argmax())
        return Prediction(path, self.classes[best], float(probabilities[best]))


def _no_model(path: Path) -> str:
    """What there is in its place, and what to do."""
    run, near = Run(path.parent), near_path(path)
    if run.under_way:
        return f"The run in {path.parent} is not finished; give its command again, and it ends with a model."
    if run.finished:
        return f"{path} does not exist; export it with: synthda export {quoted(path.parent)}"
    if near is not None:
        return f"There is no run or model {path}; did you mean {near}?"
    if path.parent.is_dir() and path.name == run.onnx.name:
        return f"{path.parent} holds neither a run nor {path.name}; give the --out of synthda adapt, or an ONNX file."
    return f"There is no run or model {path}; export a model with: synthda export RUN."


def _session(path: Path, *, exact: bool) -> InferenceSession:
    import onnxruntime

    faster = GPU in onnxruntime.get_available_providers() and not exact

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # the caller's threads run whole batches instead: nothing to share or wait for
    return onnxruntime.InferenceSession(str(path), options, providers=[GPU, PROCESSOR] if faster else [PROCESSOR])
