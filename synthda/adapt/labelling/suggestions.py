"""What the model says of the photographs that teach, found out in the background while the page is open already."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.labelling.queues import Photograph
from synthda.adapt.predict import Classifier
from synthda.datasets.photos import read_photos

BATCH = 64


class Suggestions(threading.Thread):
    """Class probabilities of photographs, batch after batch.

    Attributes:
        done: photographs looked at so far.
        total: photographs to look at.
        probabilities: (K,) by content; complete when `finished`.
        unusable: reason by content, of photographs that cannot be decoded.
        failure: why the model could not be asked; empty if all is well.
        finished: set when there is nothing left to do.
    """

    def __init__(self, classifier: Classifier, photographs: Sequence[Photograph]) -> None:
        super().__init__(name="suggestions", daemon=True)
        self._classifier, self._photographs = classifier, photographs
        self._stopped = threading.Event()
        self.finished = threading.Event()
        self.done, self.total = 0, len(photographs)
        self.probabilities: dict[str, NDArray[np.float32]] = {}
        self.unusable: dict[str, str] = {}
        self.failure = ""

    def run(self) -> None:
        try:
            for first in range(0, self.total, BATCH):
                if self._stopped.is_set():
                    return
                self._look_at(self._photographs[first : first + BATCH])
        except Exception as error:  # onnxruntime raises classes of its own C extension
            self.failure = (str(error) or type(error).__name__).splitlines()[0][:160]
        finally:
            self.finished.set()

    def stop(self) -> None:
        """Let the batch under way be the last one."""
        self._stopped.set()

    def _look_at(self, some: Sequence[Photograph]) -> None:
        copies = [photograph.find() for photograph in some]
        paths = [copy[1] if copy else one.files[0][0] for copy, one in zip(copies, some, strict=True)]
        images, kept, bad = read_photos(paths, self._classifier.input_size, self._classifier.fit)
        if kept:
            found = self._classifier.probabilities(images)
            self.probabilities |= {some[place].content: row for place, row in zip(kept, found, strict=True)}
        self.unusable |= {some[place].content: reason for place, reason in bad}
        self.done += len(some)
