"""What the labelling page asks of its server: the next photograph, and decisions, saved as they are made."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from synthda.adapt.labelling.measured import widest
from synthda.adapt.labelling.queues import Photograph, measure_order, queue_of, teach_order
from synthda.adapt.labelling.suggestions import Suggestions
from synthda.adapt.predict import Classifier
from synthda.datasets.domain import UNKNOWN
from synthda.datasets.label_file import QUEUES, Decision, Queue
from synthda.datasets.label_journal import Journal
from synthda.datasets.photos import PhotoError, read_photo, upright_shape
from synthda.errors import DataError, SettingError

SHOWN = 3
"""Classes that the model suggests in the teach queue."""

SIDE = 1280
"""Longest side of a photograph as it is sent, pixels."""

ENOUGH = 10
"""Labels from which on the page says how well they tell the accuracy."""

MOST_NEWS = 5
"""Sentences that the page shows at once."""

SMALL = 256
"""Up to this side, photographs are sent without loss."""


class GoneError(DataError):
    """A photograph that was there when the session began."""


class Desk:
    """One labelling session: photographs, model and label file; safe to be asked by several threads."""

    def __init__(
        self, folder: Path, photographs: dict[str, Photograph], classifier: Classifier, journal: Journal
    ) -> None:
        self._folder, self._photographs, self._journal = folder, photographs, journal
        self.classes = tuple(name for name in classifier.classes if name != UNKNOWN)
        self._accepted = {*self.classes, UNKNOWN}
        self._names = classifier.classes
        self._lock = threading.RLock()
        self._unusable: dict[str, str] = {}
        self._missing: set[str] = set()
        self._news: list[str] = []
        self._order: dict[Queue, list[str]] = {"measure": measure_order(journal.seed, photographs)}
        self._teach = [content for content in photographs if queue_of(journal.seed, content) == "teach"]
        self.suggestions = Suggestions(classifier, [photographs[content] for content in self._teach])

    def state(self, queue: Queue) -> dict[str, Any]:
        """All that the page shows, as JSON; a model's answer is in it for the teach queue alone.

        In the measure queue the model's answer would be an anchor: who sees it tends to agree, and the accuracy comes
        out too high.
        """
        with self._lock:
            self._order_teach()
            pending = self._pending(queue)
            photo, after = next(pending, None), next(pending, None)
            news, self._news = self._told(), []
            return {
                "folder": self._folder.resolve().name,
                "classes": list(self.classes),
                "queue": queue,
                "queues": {name: self._counts(name) for name in QUEUES},
                "examining": self._examining(),
                "photo": photo and self._described(queue, photo),
                "after": after,
                "news": news,
            }

    def decide(self, queue: Queue, content: str, label: str | None) -> str:
        """Save a label, or with None a skip; returns what was done, in words.

        Raises:
            SettingError: for a class or a photograph that is not in question.
            GoneError: when the photograph is no longer there.
            SynthdaError: when the decision could not be saved.
        """
        with self._lock:
            photograph = self._photographs.get(content)
            if photograph is None or queue_of(self._journal.seed, content) != queue:
                raise SettingError(f"There is no such photograph in the {queue} queue; load the page anew.")
            if label is not None and label not in self._accepted:
                raise SettingError(f"There is no class {label!r}; load the page anew.")
            name, _ = self._found(photograph)
            self._journal.decide(Decision(content, name, queue, label))
            return "Skipped" if label is None else f"Saved: {'none of these' if label == UNKNOWN else label}"

    def undo(self, queue: Queue) -> str:
        """Take back the latest decision of a queue; returns what was done, in words."""
        with self._lock:
            made = self._journal.undo(queue)
        if made is None:
            return "There is nothing to undo in this queue."
        said = "skip" if made.label is None else "none of these" if made.label == UNKNOWN else made.label
        return f"Undone: {said}"

    def picture(self, content: str) -> tuple[bytes, str]:
        """A photograph, upright and no larger than `SIDE`: its bytes and their media type.

        Raises:
            GoneError: when it is no longer there, or cannot be decoded; from then on it is left out.
            SettingError: when there never was one.
        """
        photograph = self._photographs.get(content)
        if photograph is None:
            raise SettingError("There is no such photograph; load the page anew.")
        with self._lock:
            name, path = self._found(photograph)
        try:
            height, width = upright_shape(path)
            scale = min(1.0, SIDE / max(height, width))
            pixels = read_photo(path, (max(8, round(height * scale)), max(8, round(width * scale))))
        except PhotoError as error:
            raise self._leave_out(content, f"{name} cannot be read ({error.reason}); it is left out.") from error
        encoded = io.BytesIO()
        lossless = max(height, width) <= SMALL
        Image.fromarray(pixels).save(encoded, "PNG" if lossless else "JPEG", quality=88)
        return encoded.getvalue(), "image/png" if lossless else "image/jpeg"

    def _pending(self, queue: Queue) -> Iterator[str]:
        """Photographs to be labelled: first those that nobody has seen, then those that were skipped."""
        made = self._journal.latest(queue)
        fresh = (content for content in self._order.get(queue, ()) if content not in made)
        skipped = (content for content, decision in made.items() if decision.label is None)
        for content in (*fresh, *skipped):
            if content in self._photographs and content not in self._unusable:
                try:
                    self._found(self._photographs[content])
                except GoneError:
                    continue
                yield content

    def _found(self, photograph: Photograph) -> tuple[str, Path]:
        """Where it lies now; one that is gone is told once, and looked for again: a disk may have been away."""
        found, content = photograph.find(), photograph.content
        if found is not None:
            self._missing.discard(content)
            return found
        sentence = f"{photograph.names[0]} was deleted or changed while the page was open; it is left out."
        with self._lock:
            if content not in self._missing:
                self._missing.add(content)
                self._news.append(sentence)
        raise GoneError(sentence)

    def _told(self) -> list[str]:
        """The news, a few of many."""
        if self._news and not self._folder.is_dir():
            return [f"The folder {self._folder} cannot be reached; once it is back, load the page anew."]
        more = len(self._news) - MOST_NEWS
        return self._news if more <= 0 else [*self._news[:MOST_NEWS], f"… and {more:,} more."]

    def _leave_out(self, content: str, sentence: str) -> GoneError:
        with self._lock:
            if content not in self._unusable:
                self._unusable[content] = sentence
                self._news.append(sentence)
        return GoneError(sentence)

    def _order_teach(self) -> None:
        """Once all photographs are looked at, the most uncertain come first; in random order if the model failed."""
        if "teach" in self._order or not self.suggestions.finished.is_set():
            return
        if self.suggestions.failure:
            self._news.append(f"The model could not be asked ({self.suggestions.failure}); there are no suggestions.")
            self._order["teach"] = list(self._teach)
            return
        for content, reason in self.suggestions.unusable.items():
            self._leave_out(
                content, f"{self._photographs[content].names[0]} cannot be read ({reason}); it is left out."
            )
        self._order["teach"] = teach_order(self._journal.seed, self.suggestions.probabilities)

    def _counts(self, queue: Queue) -> dict[str, Any]:
        """How far a queue is; of `measure`, half the width that the interval of the accuracy has at most."""
        made = self._journal.latest(queue).values()
        labelled = sum(decision.label is not None for decision in made)
        total = len(self._order["measure"] if queue == "measure" else self._teach)
        counts = {"labelled": labelled, "skipped": len(made) - labelled, "total": total}
        if queue == "measure" and labelled >= ENOUGH:
            return counts | {"within": widest(labelled)}
        return counts

    def _examining(self) -> dict[str, int] | None:
        found = self.suggestions
        return None if "teach" in self._order else {"done": found.done, "of": found.total}

    def _described(self, queue: Queue, content: str) -> dict[str, Any]:
        if queue == "measure":  # no name either: it may tell the class
            return {"content": content}
        return {
            "content": content,
            "file": self._photographs[content].names[0],
            "suggestions": self._suggested(self.suggestions.probabilities.get(content)),
        }

    def _suggested(self, probabilities: NDArray[np.float32] | None) -> list[dict[str, Any]]:
        if probabilities is None:
            return []
        best = (-probabilities).argsort(kind="stable")[:SHOWN]
        return [{"label": self._names[k], "probability": float(probabilities[k])} for k in best]
