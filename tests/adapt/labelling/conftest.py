from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from labelling_session import CLASSES, Brightness, Session
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


@pytest.fixture
def session(photos: Path, tmp_path: Path) -> Iterator[Session]:
    file = tmp_path / "labels.jsonl"
    with Journal(file, photos, CLASSES) as journal:
        desk = Desk(photos, gather(photos)[0], Brightness(), journal)  # type: ignore[arg-type]
        with LabelServer(desk) as server:
            desk.suggestions.start()
            desk.suggestions.finished.wait(10)
            thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
            thread.start()
            yield Session(photos, desk, server, file)
            server.shutdown()
            thread.join()
