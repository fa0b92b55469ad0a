from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from labelling_session import Brightness, ManyShades, Session
from PIL import Image

from synthda.adapt.labelling.desk import Desk
from synthda.adapt.labelling.queues import gather
from synthda.adapt.labelling.server import LabelServer
from synthda.datasets.label_journal import Journal


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """24 photographs of different greys, and a copy of one of them under another name."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for number in range(24):
        Image.new("RGB", (30, 20), (10 * number,) * 3).save(folder / f"{number:02d}.png")
    (folder / "more" / "copy of 00.png").write_bytes((folder / "00.png").read_bytes())
    return folder


@contextmanager
def serving(photos: Path, file: Path, model: Brightness) -> Iterator[Session]:
    with Journal(file, photos, model.classes) as journal:
        desk = Desk(photos, gather(photos)[0], model, journal)  # type: ignore[arg-type]
        with LabelServer(desk) as server:
            desk.suggestions.start()
            desk.suggestions.finished.wait(10)
            thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
            thread.start()
            yield Session(photos, desk, server, file)
            server.shutdown()
            thread.join()


@pytest.fixture
def session(photos: Path, tmp_path: Path) -> Iterator[Session]:
    with serving(photos, tmp_path / "labels.jsonl", Brightness()) as running:
        yield running


@pytest.fixture
def session_of_many_classes(photos: Path, tmp_path: Path) -> Iterator[Session]:
    with serving(photos, tmp_path / "labels.jsonl", ManyShades()) as running:
        yield running
