"""A labelling session for tests: a model that is an average, and a running server to be asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthda.adapt.labelling.desk import Desk
from synthda.adapt.labelling.server import LabelServer

CLASSES = ("dark", "<b>bright</b>")


class Brightness:
    """Stands in for an exported model: the probability of the second class is the mean of the image."""

    classes: tuple[str, ...] = CLASSES
    input_size = (8, 8)
    fit = "stretch"

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        bright = images.mean(axis=(1, 2, 3), dtype=np.float32) / 255
        return np.stack([1 - bright, bright], axis=1)

    def of_domain(self, images: Any) -> NDArray[np.float32]:
        return self.probabilities(images.array)


class ManyShades(Brightness):
    """Forty classes, of which the one that lies nearest to the brightness is the likeliest."""

    classes = tuple(f"Shade-{first}{second}" for first in "abcdefgh" for second in "vwxyz")

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        bright = images.mean(axis=(1, 2, 3), dtype=np.float32)[:, None] / 255
        near = np.exp(-80 * (bright - np.linspace(0, 1, len(self.classes), dtype=np.float32)) ** 2)
        return near / near.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Session:
    """A running server, and how to talk to it."""

    folder: Path
    desk: Desk
    server: LabelServer
    file: Path

    def ask(self, path: str, body: object = None, *, token: str | None = None, **headers: str) -> Answer:
        """GET, or with a body POST, below the token; headers are written with `_` for `-`."""
        connection = HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        sent = {"Content-Type": "application/json"} if body is not None else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request("GET" if data is None else "POST", self.at(path, token), data, sent)
        found = connection.getresponse()
        answer = Answer(found.status, dict(found.getheaders()), found.read())
        connection.close()
        return answer

    def at(self, path: str, token: str | None = None) -> str:
        return f"/{self.server.token if token is None else token}/{path}"

    def state(self, queue: str = "measure") -> Any:
        return self.ask(f"state?queue={queue}").json

    def label(self, label: str, queue: str = "measure") -> Answer:
        """Label the photograph that is shown."""
        return self.ask("label", {"queue": queue, "content": self.state(queue)["photo"]["content"], "label": label})
